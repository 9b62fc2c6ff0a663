/// RabbitServer: a RabbitMQ of our own for a benchmark or a test, with its epmd, in a folder of its
/// own, on free loopback ports. Settings are the distribution's but for where it listens.
///
/// One thread uses it; its processes end with that thread.
#pragma once

#include <csignal>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/subprocess.h"

namespace m8::bench {

class RabbitServer {
 public:
  /// \p folder is there and empty. \p config: lines of rabbitmq.conf. kNotFound if RabbitMQ is not
  /// installed, kTimeout if it does not come up within a minute.
  static Result<RabbitServer> start(const std::string& folder, const std::string& config,
                                    Clock& clock, std::stop_token stop);

  /// "amqp://guest:guest@127.0.0.1:port"
  std::string url() const;
  std::uint16_t port() const { return port_; }
  /// SIGKILL: as if the machine had lost power.
  Status kill();
  /// SIGTERM, and waits for the end.
  Status stop();
  /// Starts it again after kill() or stop(), with what it had on disk; waits until it answers.
  Status start_again(std::stop_token stop);
  /// Stops it where it stands, connections open; lets it go on.
  void freeze() { node_.back().signal(SIGSTOP); }
  void thaw() { node_.back().signal(SIGCONT); }
  /// rabbitmqctl with \p arguments, in vain after a minute.
  Status control(const std::vector<std::string>& arguments);

 private:
  RabbitServer(std::string folder, Clock& clock) : folder_(std::move(folder)), clock_(&clock) {}
  Status pick_ports();
  Status begin(std::stop_token stop);
  std::vector<std::string> in_its_world(std::vector<std::string> command) const;

  std::string folder_;
  Clock* clock_;
  std::uint16_t port_ = 0, distribution_port_ = 0, epmd_port_ = 0;
  std::vector<Child> epmd_, node_;  ///< none or one each
};

}  // namespace m8::bench
