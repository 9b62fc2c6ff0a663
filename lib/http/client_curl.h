/// CurlClient: the engine for services: libcurl's multi interface on one thread of its own.
///
/// One connection cache for the process: at most 100 idle connections, 30 open per host, closed
/// after 90 s without use. HTTP/2 where the server offers it, its streams shared. Any thread may
/// call.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/result.h"
#include "http/session.h"

namespace m8::http {

struct Transfer;

class CurlClient {
 public:
  /// kInternal if libcurl can't be set up.
  static Result<std::unique_ptr<CurlClient>> create(const Session::Options& options);
  ~CurlClient();
  /// Cancels what is under way and joins; calls end with kCancelled from now on. Not from two
  /// threads at once.
  void stop();

  /// As Session::call(), without the rate limiter.
  Result<Response> call(const Request& request, std::stop_token stop);
  void add_to(SessionStats& stats) const;

 private:
  explicit CurlClient(const Session::Options& options);
  Result<Response> attempt(const Request& request, std::chrono::milliseconds timeout,
                           const std::stop_token& stop);
  Status wait(Transfer& transfer, const std::stop_token& stop);
  void run(const std::stop_token& stop);
  void take_orders();
  void collect_finished();
  void finish(Transfer& transfer, int code);
  void cancel_all();

  struct MultiHandle;
  const Session::Options options_;
  std::unique_ptr<MultiHandle> multi_;
  std::mutex mutex_;
  std::condition_variable_any finished_;
  std::vector<Transfer*> starting_;  ///< guarded by mutex_, as the next two
  std::vector<Transfer*> cancelling_;
  bool closed_ = false;
  std::vector<Transfer*> running_;  ///< the thread's own
  std::atomic<std::uint64_t> requests_{0}, responses_{0}, errors_{0};
  std::atomic<std::uint64_t> connections_{0}, bytes_in_{0}, bytes_out_{0};
  std::jthread thread_;
};

}  // namespace m8::http
