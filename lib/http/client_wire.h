/// WireClient: the engine for targets: loops, and which of them serves a host.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/session.h"
#include "http/target_loop.h"

namespace m8::http {

class WireClient {
 public:
  /// Starts the loops. kInvalidArgument for a number of loops outside 1..16 or a
  /// proxy without addresses, kIo or kExhausted
  /// without descriptors. What \p world refers to must outlive the client.
  static Result<std::unique_ptr<WireClient>> create(const Session::Options& options,
                                                    TargetLoop::World world);
  /// Stops all loops before any goes, because callbacks of one may send() through another.
  ~WireClient();

  /// As Session's. The bound on requests in flight is shared out evenly among the loops.
  void send(Request&& request, Session::Callback&& done);
  void post(const std::string& host, std::function<void()> task, std::chrono::milliseconds delay);
  /// Adds the loops' counters to \p stats.
  void add_to(SessionStats& stats) const;

 private:
  WireClient() = default;
  TargetLoop& loop_of(const std::string& host);

  std::vector<std::unique_ptr<TargetLoop>> loops_;
};

}  // namespace m8::http
