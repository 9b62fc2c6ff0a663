/// NameProber: asks names over HTTP as they are proven, and gives them on with what was seen.
///
/// A name that DNS can't tell from its wildcard (model::Hostname::tie) is compared with a random
/// label beside it first (likeness.h): where they differ it is one of its own, where they do not it
/// is dropped. Any thread gives names; one thread of its own feeds the probe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "model/sink.h"
#include "model/target_reader.h"
#include "probe/engine.h"
#include "probe/likeness.h"

namespace m8::probe {

class NameProber final : public model::Sink {
 public:
  /// Borrowed; must outlive the prober. The session must be idle, or destroyed, before it.
  struct Parts {
    http::Session& session;
    model::Sink& names;                ///< gets host names, with their endpoints, and all the rest
    model::Sink* endpoints = nullptr;  ///< gets each live endpoint too
    Clock& clock;
    const TechnologyDetector* technologies = nullptr;
    const CdnTable* cdn = nullptr;
  };
  struct Options {
    Settings settings;
    std::vector<model::TargetReader::Port> ports;  ///< empty: https, then http
    /// Ties are dropped also where nobody answers; else only those that are guesses.
    bool strict = false;
    std::size_t most_waiting = 1000;  ///< names under way before full()
    /// What it gives is kept as long as a name is under way; may be null. Any thread.
    std::function<std::shared_ptr<void>()> hold;
    /// Told of each other name that an answer mentions: "certificate", "csp" or "redirect". Any
    /// thread.
    std::function<void(const std::string& name, std::string_view source)> learn;
  };
  /// A snapshot.
  struct Counts {
    std::uint64_t names = 0;      ///< given on after they were asked
    std::uint64_t compared = 0;   ///< with a random label
    std::uint64_t distinct = 0;   ///< of them: one of its own
    std::uint64_t same_page = 0;  ///< of them: dropped
    Engine::Counts endpoints;
  };

  NameProber(Parts parts, Options options);
  /// Ends what is under way; finish() waits for it.
  ~NameProber() override;

  /// Takes a live name and returns at once. A name that is gone goes straight on.
  Status hostname(const model::Hostname& record) override;
  Status endpoint(const model::Endpoint& record) override { return parts_.names.endpoint(record); }
  Status finding(const model::Finding& record) override { return parts_.names.finding(record); }
  Status outcome(const model::Outcome& record) override { return parts_.names.outcome(record); }
  Status flush() override { return parts_.names.flush(); }

  /// Calls \p done once the name that this thread gave last has left the prober: at once if it
  /// has.
  void when_left(std::function<void()> done);
  /// No more names should be given for now.
  bool full() const;
  /// \p wake is called when full() ends; from any thread.
  void on_room(std::function<void()> wake);

  /// Waits until every name has left. Stopped, it gives on what waits without asking, and returns
  /// kCancelled. The first error of the sinks.
  Status finish(std::stop_token stop);
  Counts counts() const;

 private:
  struct Visit;
  using VisitPtr = std::shared_ptr<Visit>;  ///< shared by the table and callbacks
  class Answers;

  void compare(const VisitPtr& visit);
  void compared(const VisitPtr& visit, const TieBreak& tie);
  void decide(Visit& visit, const std::string& reason);
  void ask(const VisitPtr& visit);
  Result<std::optional<model::TargetSpec>> next(std::stop_token stop);
  void answered(const model::Endpoint& record);
  void ended(const std::string& name);
  void learn_from(const model::Endpoint& record) const;
  void leave(const VisitPtr& visit, bool kept);
  void keep(const Status& status);
  VisitPtr find(const std::string& name);

  const Parts parts_;
  const Options options_;
  std::unique_ptr<Answers> answers_;
  Engine engine_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_:
  std::unordered_map<std::string, VisitPtr, SeededHash, std::equal_to<>> visits_;  ///< under way
  std::unordered_set<std::uint64_t> ties_;  ///< hashes of names that were compared
  std::deque<model::TargetSpec> to_ask_;
  VisitPtr last_;  ///< of the last hostname()
  std::function<void()> wake_;
  Status status_;
  bool ending_ = false;
  std::atomic<std::uint64_t> names_{0}, compared_{0}, distinct_{0}, same_page_{0};
  std::jthread thread_;
};

}  // namespace m8::probe
