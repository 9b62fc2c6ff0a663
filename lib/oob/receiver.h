/// Receiver: a scan's connection to its interaction server: registers, polls in a thread of its
/// own, gives what comes to the correlator, and says good-bye (protocols 10.3-10.5, 10.10).
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "http/session.h"
#include "oob/client.h"
#include "oob/correlate.h"

namespace m8::oob {

struct ReceiverOptions {
  ServerChoice choice;
  CorrelatorOptions correlator;
  std::chrono::milliseconds poll_interval{5000};        ///< -interactions-poll-duration
  std::chrono::milliseconds cooldown{5000};             ///< -interactions-cooldown-period
  std::chrono::milliseconds register_interval{60'000};  ///< how often we say that we are there
};

class Receiver {
 public:
  /// Errors as Client::connect(). \p session and \p clock are borrowed; finish() before the
  /// session goes.
  static Result<std::unique_ptr<Receiver>> create(ReceiverOptions options, http::Session& session,
                                                  Clock& clock, std::stop_token stop);
  ~Receiver();

  Correlator& correlator() { return correlator_; }
  const std::string& server() const { return client_->server(); }

  /// The scan is over: if URLs were made, waits for the cool-down, polls once more, waits until all
  /// that came was judged. Deregisters, forgets what is held. After \p stop at once. Idempotent.
  void finish(std::stop_token stop);

  /// The last error of a poll, if that was how the latest one ended; good else.
  Status health() const { return *health_.lock(); }
  std::uint64_t unreadable() const { return client_->unreadable(); }

 private:
  Receiver(ReceiverOptions options, std::unique_ptr<Client> client, Clock& clock);
  void run(const std::stop_token& stop);
  void poll(const std::stop_token& stop);

  const ReceiverOptions options_;
  Clock& clock_;
  const std::unique_ptr<Client> client_;
  Correlator correlator_;
  Guarded<Status> health_;
  bool finished_ = false;
  std::jthread thread_;
};

}  // namespace m8::oob
