/// RunRecord: what a command did, for --summary and the store.
#pragma once

#include "base/clock.h"
#include "cli/flag.h"
#include "model/run.h"

namespace m8::asmm8 {

/// --summary FILE|-.
cli::Flag summary_flag();

class RunRecord {
 public:
  /// Starts the run. Both are borrowed.
  RunRecord(const cli::Context& context, Clock& clock);

  model::Run& run() { return run_; }
  /// Ends the run with the status that \p outcome means (done, or \p incomplete, if ok), and writes
  /// the summary if one was asked for ("-" is stderr: stdout carries results). kIo and the like.
  Status end(const Status& outcome, bool incomplete = false);

 private:
  const cli::Context& context_;
  Clock& clock_;
  model::Run run_;
};

}  // namespace m8::asmm8
