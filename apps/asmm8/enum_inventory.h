/// What asmm8 enum makes of the stored inventory: domains to ask for, names to ask again, names
/// that are no news, and the journal that lets a run go on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/flag.h"
#include "enumerate/journaled.h"
#include "enumerate/known_names.h"
#include "model/sink.h"
#include "net/name.h"
#include "store/run_store.h"

namespace m8::asmm8 {

/// --stored, --no-recheck, --only-new, --resume.
std::vector<cli::Flag> enum_inventory_flags();
/// A line for --dry-run: whether names of earlier runs are asked for again.
std::string known_names_plan(const cli::Values& flags);

/// The enabled domains of the store. kNotFound if there are none.
Result<std::vector<net::Name>> stored_domains(const cli::Values& flags);

/// What --resume names, and the key of this run: everything that its candidates depend on. The word
/// list (\p words: its file; empty for the built-in one) is read for it; what can't be read twice
/// (a pipe) makes a run without a journal. kInvalidArgument.
Result<store::Continuation> continuation_of(const cli::Values& flags,
                                            const std::vector<net::Name>& domains,
                                            const std::string& words);

/// The sink for those who read along: names that are there, and with --only-new those that were
/// never seen before. Thread-safe once loaded.
class ShownNames final : public model::Sink {
 public:
  /// \p inner is borrowed.
  explicit ShownNames(model::Sink& inner) : inner_(inner) {}
  /// Keeps back what \p store knows of \p domains from before \p started.
  Status keep_back_known(store::Store& store, const std::vector<net::Name>& domains,
                         WallTime started);

  Status hostname(const model::Hostname& record) override;
  Status endpoint(const model::Endpoint& record) override { return inner_.endpoint(record); }
  Status outcome(const model::Outcome& record) override { return inner_.outcome(record); }
  Status flush() override { return inner_.flush(); }

 private:
  model::Sink& inner_;
  std::vector<std::uint64_t> known_;  ///< hashes, sorted
};

/// The candidates that the inventory adds to an enumeration, or takes from it.
class EnumInventory {
 public:
  /// \p store: null without one. \p run: begun in it. All but \p run are borrowed.
  EnumInventory(const cli::Values& flags, const std::vector<net::Name>& domains,
                store::RunStore* store, const model::Run& run);

  /// Adds the known names. \p sink gets what is gone. All are borrowed, and this must outlive \p
  /// candidates; so with add_words().
  void add_known(enumerate::Merge& candidates, model::Sink& sink);
  /// Adds \p words, which come in the same order each time, without those that were tried before.
  void add_words(enumerate::Merge& candidates, enumerate::CandidateSource& words);
  /// With --resume: calls \p visit with what this run found in earlier sessions. Errors of the
  /// store.
  Status each_found(const std::function<void(const model::Hostname&)>& visit) const;
  /// Adds known, gone and resumed to the run's counts.
  void count(model::Run& run) const;

 private:
  const std::vector<net::Name>& domains_;
  store::RunStore* const store_;
  const bool recheck_;
  const std::int64_t run_;
  const bool resumed_;
  std::unique_ptr<store::StoreInventory> inventory_;
  std::unique_ptr<enumerate::KnownNames> known_;
  std::unique_ptr<enumerate::Journaled> journaled_;
};

/// The command that goes on with \p run, which was interrupted.
std::string resume_command(const cli::Context& context, const model::Run& run);

}  // namespace m8::asmm8
