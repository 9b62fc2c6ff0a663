/// CandidateSource: where the engine pulls names to try from: word lists, passive sources,
/// permutations, names known before. Merge makes one of several.
///
/// Every call comes on the engine's thread, except where it says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "dns/message.h"
#include "model/hostname.h"
#include "net/name.h"

namespace m8::dns {
struct Reply;
}

namespace m8::enumerate {

/// One name to try.
struct Candidate {
  std::string name;      ///< canonical, inside its domain
  std::size_t apex = 0;  ///< index of the domain it belongs to
  bool is_apex = false;  ///< the domain itself: the engine's own, never a source's
  /// Nobody claims that the name exists: under a wildcard it needs proof. False for a name that
  /// somebody saw, such as a certificate log: with the wildcard's records it is kept as "shared".
  bool guess = true;
  std::string source;        ///< provenance, one of model::Hostname::sources: "bruteforce", "crtsh"
  std::uint64_t ticket = 0;  ///< Journaled numbers what it gives; 0: not one of those
  /// Ask for this type of the name and no other: nothing is proven or written, and the answer goes
  /// to answered() in place of found() and finished().
  std::optional<dns::RrType> question;
};

/// Which of the domains a name belongs to, however many there are. Immutable; any thread.
class ApexIndex {
 public:
  explicit ApexIndex(const std::vector<net::Name>& apexes);
  /// The index of the longest domain that canonical \p name is inside of; size() if there is none.
  /// O(labels).
  std::size_t of(std::string_view name) const;
  std::size_t size() const { return by_name_.size(); }

 private:
  std::unordered_map<std::string, std::size_t, SeededHash, std::equal_to<>> by_name_;
};

/// What became of a candidate.
enum class Verdict : std::uint8_t {
  kFound,       ///< proven, given to the sink
  kRepeated,    ///< proven before in this run
  kDenied,      ///< NXDOMAIN: it does not exist
  kEmpty,       ///< exists, without address and alias
  kDangling,    ///< an alias that leads to no address
  kWildcard,    ///< answered by a wildcard: proves nothing
  kFailed,      ///< no answer: says nothing of the name
  kOutOfScope,  ///< never asked for
  kNotAsked,    ///< its domain does not exist, or the run was stopped
};

/// "found", "repeated", "denied", "empty", "dangling", "wildcard", "failed", "out-of-scope",
/// "not-asked".
const char* to_string(Verdict verdict);

class CandidateSource {
 public:
  enum class Next : std::uint8_t {
    kCandidate,   ///< the candidate was set
    kLater,       ///< nothing right now: wake is called when that may have changed
    kNeedsFinds,  ///< nothing, unless found() or finished() is called again: the run ends if
                  ///< nothing is under way
    kEnd,         ///< and never anything again
  };

  virtual ~CandidateSource() = default;

  /// Sets \p candidate (every field but is_apex, ticket and question, if it is none) or says why
  /// not. Never waits. After an error the
  /// source is not asked again; the run goes on with the others and ends with the first error.
  virtual Result<Next> next(Candidate& candidate) = 0;

  /// Before the first next(): \p wake makes the engine ask again after kLater. Any thread may call
  /// it, until forget_wake().
  virtual void on_more(std::function<void()> wake) { (void)wake; }
  /// The engine goes away: wake must not be called once this returns.
  virtual void forget_wake() {}

  /// A name was proven, whichever source gave it: for recursion, permutations, learned words.
  virtual void found(const Candidate& candidate, const model::Hostname& record) {
    (void)candidate;
    (void)record;
  }
  /// A candidate came to its end, whichever source gave it (found() comes first): for a journal,
  /// for hit rates. One call for each candidate that next() gave, not in their order.
  virtual void finished(const Candidate& candidate, Verdict verdict) {
    (void)candidate;
    (void)verdict;
  }
  /// A candidate that is a question came to its end, whichever source asked it. \p reply: NOERROR
  /// or NXDOMAIN, borrowed for the call; null if there was no such answer, or it was not asked for.
  virtual void answered(const Candidate& candidate, const dns::Reply* reply) {
    (void)candidate;
    (void)reply;
  }
};

/// Several sources as one: the first in the list that has something now gives it, so put what is
/// likely to exist first. Tells all of them of everything.
class Merge final : public CandidateSource {
 public:
  Merge() = default;
  void add(std::unique_ptr<CandidateSource> source) { sources_.push_back({std::move(source)}); }
  /// Borrowed: must outlive this.
  void add(CandidateSource& source) { sources_.push_back({nullptr, &source}); }

  Result<Next> next(Candidate& candidate) override;
  void on_more(std::function<void()> wake) override;
  void forget_wake() override;
  void found(const Candidate& candidate, const model::Hostname& record) override;
  void finished(const Candidate& candidate, Verdict verdict) override;
  void answered(const Candidate& candidate, const dns::Reply* reply) override;

 private:
  struct Entry {
    std::unique_ptr<CandidateSource> owned;
    CandidateSource* borrowed = nullptr;
    bool ended = false;
    CandidateSource& source() const { return owned ? *owned : *borrowed; }
  };
  std::vector<Entry> sources_;
};

}  // namespace m8::enumerate
