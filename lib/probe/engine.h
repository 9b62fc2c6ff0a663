/// Engine: probes a stream of targets, a bounded number at a time, and writes a record for each
/// endpoint that answers.
///
/// One request per endpoint: https first (or http, see http_first()), the other scheme only if that
/// fails below HTTP. Targets are pulled as slots free up; memory depends on what is in flight.
/// run() is for one thread; everything else happens on the session's loops, and what needs blocking
/// sockets (JARM, pictures) on a few workers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>

#include "base/thread_pool.h"
#include "http/session.h"
#include "model/sink.h"
#include "model/target_reader.h"
#include "net/resolve.h"
#include "probe/record.h"

namespace m8::probe {

class Engine {
 public:
  /// Borrowed; must outlive the engine. The session must be destroyed, or idle, before it.
  struct Parts {
    http::Session& session;
    model::Sink& sink;
    Clock& clock;
    const TechnologyDetector* technologies = nullptr;  ///< null: none are looked for
    const CdnTable* cdn = nullptr;                     ///< null: not looked up
    net::HostLookup* lookup = nullptr;                 ///< for Settings::all_addresses
  };
  /// A snapshot.
  struct Counts {
    std::uint64_t targets = 0;    ///< taken from the stream
    std::uint64_t done = 0;       ///< of them
    std::uint64_t live = 0;       ///< endpoints that answered
    std::uint64_t failed = 0;     ///< endpoints that did not
    std::uint64_t denied = 0;     ///< of them: outside the scope
    std::uint64_t lost = 0;       ///< records that the sink did not take
    std::uint64_t truncated = 0;  ///< bodies cut off at the cap, or that ended early
  };

  Engine(Parts parts, Settings settings);
  ~Engine();

  /// Probes everything that \p targets gives; returns when all of it is done. kCancelled when \p
  /// stop is requested: what is in flight is left to the session's end. Errors of the stream.
  Status run(const model::TargetStream& targets, std::stop_token stop);
  Counts counts() const;

 private:
  struct Visit;
  using VisitPtr = std::shared_ptr<Visit>;  ///< shared by the callbacks of its requests

  bool wait_for_slot(std::stop_token stop);
  Status wait_until_idle(std::stop_token stop);
  void start(model::TargetSpec spec);
  void find_addresses(const VisitPtr& visit);
  void ask(const VisitPtr& visit);
  void answered(const VisitPtr& visit, Result<http::Exchange> answer);
  bool try_other_scheme(const VisitPtr& visit, const Error& error);
  void failed(const VisitPtr& visit, const Error& error);
  void find_favicon(const VisitPtr& visit);
  void take_favicon(const VisitPtr& visit, const std::string& url, std::string_view bytes);
  void compare_other_host(const VisitPtr& visit);
  void look_closer(const VisitPtr& visit);
  void look_closer_blocking(Visit& visit, std::stop_token stop);
  void write(const VisitPtr& visit);
  void next_request(const VisitPtr& visit);
  bool next_address(const VisitPtr& visit);
  http::Request request_for(const Visit& visit, const net::Url& url) const;
  void finish();

  const Parts parts_;
  const Settings settings_;
  const RecordTools tools_;
  struct Tally {
    std::atomic<std::uint64_t> targets{0}, done{0}, live{0}, failed{0}, denied{0}, lost{0},
        truncated{0};
  } tally_;
  std::mutex mutex_;
  std::condition_variable_any freed_;
  std::size_t in_flight_ = 0;  ///< guarded by mutex_
  std::size_t resume_at_ = 0;  ///< guarded by mutex_: the waiting thread goes on at so few
  bool waiting_ = false;       ///< guarded by mutex_
  std::unique_ptr<ThreadPool> workers_;
};

}  // namespace m8::probe
