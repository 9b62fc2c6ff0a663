/// Bulk: resolves a stream of names, however long, in bounded memory.
///
/// Names are pulled from a source only as slots free up; each one ends in exactly one result. One
/// thread runs it, inside a net::Poller.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "dns/answer.h"
#include "dns/denied_names.h"
#include "dns/resolver.h"

namespace m8::dns {

/// Where names come from, and where results go. Called on the loop's thread only.
class BulkClient {
 public:
  enum class Pull { kName, kLater, kEnd };

  /// What is known of one name. Views are borrowed for the call.
  struct Result {
    std::string_view host;
    std::optional<Rcode> rcode;  ///< the best of its questions; empty if none was answered
    const AnswerValues& values;
    std::string_view resolver;        ///< who answered last, "192.0.2.1:53"
    Fate fate = Fate::kAnswered;      ///< of the first question that was not answered
    RrType failed_type = RrType::kA;  ///< that question
    /// It was not asked, because this name above it does not exist (RFC 8020): NXDOMAIN.
    std::string_view denied_above = {};
    /// Options::keep_text: every answer of the name as to_text(Message) writes it.
    std::string_view text = {};
    bool complete() const { return fate == Fate::kAnswered; }
  };

  virtual ~BulkClient() = default;
  /// kName: \p name (canonical text) was set, to be borrowed until the next call. kLater: nothing
  /// now, or no room for results; call Bulk::more() when that changes.
  virtual Pull pull(std::string_view& name) = 0;
  virtual void result(const Result& result) = 0;
};

class Bulk final : Resolver::Client {
 public:
  struct Options {
    ResolverOptions resolver;
    std::vector<RrType> types;  ///< at least one
    /// What lies below a name that was found not to exist is not asked for (RFC 8020), if those who
    /// found it can be believed (Reply::vouched). A few old servers deny names that have names
    /// below them.
    bool cut_denied = true;
    bool keep_text = false;  ///< Result::text; costs some microseconds for each answer
  };
  /// Asks the types for each name, one after the other: after NXDOMAIN, which holds for all types
  /// (RFC 8020), the rest is not asked. Errors of Resolver::create().
  static m8::Result<std::unique_ptr<Bulk>> create(const Options& options, net::Poller& poller,
                                                  BulkClient& client, Clock& clock);

  /// Pulls and asks as much as there is room for. To be called once at the start, and whenever
  /// pull() said kLater and would now say something else.
  void more();
  /// No more pulling; what is in flight comes to its end.
  void stop() { ended_ = true; }
  /// The source ended (or stop() was called) and every name has its result.
  bool done() const { return ended_ && active_ == 0; }
  const Resolver& resolver() const { return *resolver_; }

 private:
  struct Job {
    std::string host;
    AnswerValues values;
    std::size_t next_type = 0;
    std::optional<Rcode> rcode;
    Fate fate = Fate::kAnswered;
    RrType failed_type = RrType::kA;
    std::string text;
  };

  Bulk(const Options& options, BulkClient& client);
  void make_jobs(std::size_t count);
  void replied(const Reply& reply) override;
  void room() override;
  void take_in(const Reply& reply, Job& job);
  void ask(std::uint32_t index);
  void finish(std::uint32_t index, std::string_view resolver);
  /// Ends \p name without asking if a name above it was denied.
  bool cut(std::string_view name);

  const std::vector<RrType> types_;
  const bool cut_denied_, keep_text_;
  DeniedNames denied_;
  const AnswerValues nothing_;
  BulkClient& client_;
  std::unique_ptr<Resolver> resolver_;
  std::vector<Job> jobs_;
  std::vector<std::uint32_t> free_;
  std::deque<std::uint32_t> waiting_;  ///< jobs whose next question waits for room
  std::size_t active_ = 0;
  bool ended_ = false;
};

}  // namespace m8::dns
