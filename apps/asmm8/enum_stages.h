/// Stages: where the candidates of asmm8 enum come from, each stage a source of the engine, those
/// that are likely to exist first: passive sources, known names, what was learned, words and masks,
/// recursion, permutations.
///
/// A new stage: a member, its place in join(), its counts in count().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "cli/flag.h"
#include "enum_inventory.h"
#include "enumerate/bruteforce.h"
#include "enumerate/candidate_source.h"
#include "enumerate/engine.h"
#include "enumerate/learned.h"
#include "enumerate/permutations.h"
#include "enumerate/recursion.h"
#include "enumerate/tried.h"
#include "enumerate/walk_log.h"
#include "enumerate/zone_questions.h"
#include "enumerate/zone_transfers.h"
#include "model/run.h"
#include "net/scope.h"
#include "word_list.h"

namespace m8::asmm8 {

/// --wordlist, --mask, --recurse, --permute, --learn and what belongs to them.
std::vector<cli::Flag> stage_flags();

class Stages {
 public:
  /// Reads and checks what the flags name; sends nothing. \p domains and \p scope are borrowed.
  /// kInvalidArgument, errors of files; kCancelled.
  static Result<std::unique_ptr<Stages>> create(const cli::Values& flags,
                                                const std::vector<net::Name>& domains,
                                                const net::Scope& scope,
                                                const std::stop_token& stop);
  ~Stages();

  /// Lines of a --dry-run.
  std::string plan() const;
  /// The file of the words; empty for the built-in list.
  const std::string& words_file() const { return list_.path(); }
  /// Words and masks' words. Errors of the list's file, which is read to its end.
  Result<std::uint64_t> count_words() const;

  /// Remembers what is tried, for \p run to go on. A place that can't be written to is
  /// told, and the run goes on without.
  void remember(const model::Run& run, const store::Continuation& continuation);
  /// Adds all stages to \p candidates. What is borrowed must outlive the engine.
  Status join(enumerate::Merge& candidates, enumerate::CandidateSource& passive,
              EnumInventory& inventory, model::Sink& sink);
  /// Saves what was tried, twice a second, until the end; \p flush puts records into safety.
  void keep(std::function<Status()> flush);

  /// Whoever finds names elsewhere gives them here, from any thread, and keeps a Hold as long as
  /// there may be more: names of certificates, of redirects, of content policies. See learned.h.
  enumerate::Learned& learned() { return learned_; }

  /// What still runs by itself ends. Before the engine goes away.
  void end();
  /// Counts of the stages; says on stderr (with -v) why permutations ended.
  void count(model::Run& run) const;
  /// The run is done: nothing is left to go on with.
  void forget();

 private:
  Stages(const std::vector<net::Name>& domains, const net::Scope& scope);
  Status configure(const cli::Values& flags, const std::stop_token& stop);
  Status configure_words(const cli::Values& flags, const std::stop_token& stop);
  Status configure_zones(const cli::Values& flags);
  Status configure_permutations(const cli::Values& flags);
  void add(enumerate::Merge& candidates, enumerate::CandidateSource& source);
  void save();

  const std::vector<net::Name>& domains_;
  const net::Scope& scope_;
  WordList list_;
  std::uint64_t masks_known_ = 0;
  std::optional<enumerate::BruteForce> words_, masks_;
  enumerate::Merge numbered_;  ///< words and masks: the same in each session
  enumerate::Learned learned_;
  std::unique_ptr<enumerate::ZoneTransfers> transfers_;
  std::unique_ptr<enumerate::ZoneQuestions> zones_;
  std::unique_ptr<enumerate::Recursion> recursion_;
  std::unique_ptr<enumerate::Permutations> permutations_;
  std::unique_ptr<enumerate::Tried> tried_;
  std::unique_ptr<enumerate::WalkLog> walks_;
  std::vector<std::unique_ptr<enumerate::Untried>> untried_;
  std::jthread keeper_;
  std::function<Status()> flush_;
  std::vector<std::string> plan_;
};

}  // namespace m8::asmm8
