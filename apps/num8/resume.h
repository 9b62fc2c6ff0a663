/// Resume: how a scan that was ended goes on later (--resume RUN).
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/result.h"
#include "cli/flag.h"
#include "model/sink.h"
#include "outputs.h"
#include "scan/engine.h"
#include "scan_flags.h"
#include "store/run_store.h"
#include "store/scan_journal.h"
#include "templates/catalog.h"

namespace m8::num8 {

cli::Flag resume_flag();

/// The key of a run of these targets, templates and options; empty if the targets come from a pipe,
/// which can't be read again. kInvalidArgument if such a run is to be resumed.
Result<store::Continuation> continuation_of(const cli::Values& flags, const ScanSettings& settings,
                                            const templates::Catalog& catalog,
                                            store::ScanJournal& journal);

/// "num8 scan ... --resume 7": how to go on with run \p id.
std::string resume_command(const cli::Context& context, std::int64_t id);

/// Hands what the engine found to the outputs before the journal is written. Thread-safe.
class BeforeJournal final : public model::Sink {
 public:
  /// Both are borrowed, the engine until end().
  void begin(scan::Engine& engine, Outputs& outputs);
  /// Waits for a flush() that is under way.
  void end();
  Status flush() override;

 private:
  std::mutex mutex_;
  scan::Engine* engine_ = nullptr;
  Outputs* outputs_ = nullptr;
};

}  // namespace m8::num8
