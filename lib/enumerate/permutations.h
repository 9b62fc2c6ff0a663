/// Permutations: candidates made of the names that are found, the most promising first.
///
/// A way is a pattern with its values given, or with the values learned in this run: words and
/// numbers of the labels found, and patterns of names that differ in one part ("db-fra-01" and
/// "db-ams-01": "db-{{learned-word}}-01"). What each way found of what it tried says which one goes
/// next. It stops after a number of candidates, or when the last of them found too little. Memory:
/// the names found, the words learned (bounded), and two tables of fixed size. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "enumerate/candidate_source.h"
#include "enumerate/permute.h"
#include "net/name.h"

namespace m8::enumerate {

class Permutations final : public CandidateSource {
 public:
  struct Options {
    std::uint64_t budget = 100'000;  ///< candidates, at most
    /// Ends when less than this share of the last `window` candidates was found; 0: never.
    double min_rate = 0.001;
    std::size_t window = 2'000;
    int step = 3;                       ///< how far numbers are moved
    std::size_t most_learned = 10'000;  ///< words, and as many numbers
    std::size_t most_patterns = 2'000;  ///< learned
    std::size_t remembered = 1u << 20;  ///< names that are not tried again; 4 bytes each
  };
  /// Why there were no more.
  enum class End : std::uint8_t { kNone, kBudget, kMinRate };

  /// \p apexes: the engine's domains, in its order. kInvalidArgument as Permuter::create().
  static Result<std::unique_ptr<Permutations>> create(std::vector<net::Name> apexes,
                                                      const PermuteConfig& config, Options options);

  Result<Next> next(Candidate& candidate) override;
  void found(const Candidate& candidate, const model::Hostname& record) override;
  void finished(const Candidate& candidate, Verdict verdict) override;

  std::uint64_t made() const { return made_; }
  std::uint64_t hits() const { return hits_; }
  End end() const { return end_; }
  /// For people: "2,000 of a budget of 2,000 made", "0 of the last 2000 found".
  std::string why() const;

 private:
  struct Base {
    std::string name;
    std::size_t apex = 0;
  };
  /// One pattern with one kind of values.
  struct Way {
    std::string pattern;
    std::unique_ptr<Permuter> permuter;
    const ValueList* values = nullptr;  ///< the learned list that it turns, if any
    bool once = false;                  ///< the pattern has nothing of a name: one base does
    std::uint64_t hits = 0, tried = 0;
    double prior = 1;                 ///< hits expected of the first kPrior
    std::vector<std::uint32_t> done;  ///< by base: values tried
    std::size_t base = 0;             ///< under way, or next to look at
    bool under_way = false;
    std::size_t seen_bases = 0, seen_values = 0;  ///< when there was nothing left to do

    double expected() const;
  };

  Permutations(std::vector<net::Name> apexes, Options options);
  Status add_ways(const PermuteConfig& config);
  Status add_way(std::string pattern, double prior, std::size_t statements);
  void learn(std::string_view labels);
  void learn_word(std::string_view word);
  void learn_number(std::string_view number);
  void learn_patterns(std::string_view labels, std::size_t apex);
  void count_pattern(const std::string& pattern);
  /// The labels of \p name before its domain.
  std::string_view labels_of(std::string_view name, std::size_t apex) const;
  bool spent();
  Way* best();
  bool has_work(Way& way) const;
  bool advance(Way& way, Candidate& candidate);
  bool begin_next(Way& way);
  bool usable(std::string_view name, std::size_t apex);

  const std::vector<net::Name> apexes_;
  const ApexIndex index_;
  const Options options_;
  /// Shared by all permuters, which read it while this one adds what is learned.
  std::shared_ptr<Payloads> payloads_;
  ValueList* learned_words_ = nullptr;  ///< in *payloads_
  ValueList* learned_numbers_ = nullptr;
  std::unordered_set<std::string> known_words_;
  std::deque<Way> ways_;
  std::vector<Base> bases_;
  RecentSet seen_;
  struct Seen {
    std::uint32_t count = 1;
    Way* way = nullptr;  ///< once there were enough
  };
  std::unordered_map<std::uint64_t, Seen> patterns_seen_;  ///< by hash
  std::size_t patterns_learned_ = 0;
  std::unordered_map<std::string, Way*> under_way_;  ///< candidates given and not ended
  Way* current_ = nullptr;
  int quantum_ = 0;  ///< candidates that current_ may still make before another look
  std::deque<bool> last_;
  std::size_t last_hits_ = 0;
  std::uint64_t made_ = 0, hits_ = 0;
  End end_ = End::kNone;
};

}  // namespace m8::enumerate
