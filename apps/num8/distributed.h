/// num8 scan --distributed: the scan is cut into jobs, and workers do them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flag.h"
#include "cli/progress.h"
#include "fleet/flags.h"
#include "model/run.h"
#include "model/target_reader.h"
#include "outputs.h"
#include "scan/target_run.h"
#include "scan_flags.h"
#include "templates/catalog.h"

namespace m8::num8 {

class DistributedScan final : private model::Sink {
 public:
  /// All are borrowed.
  DistributedScan(const cli::Context& context, const ScanSettings& settings, Clock& clock)
      : context_(context), settings_(settings), clock_(clock) {}

  /// Reads what travels: errors of flags that can't, and of files. Before anything is begun.
  Status prepare();
  struct Wanted {
    std::int64_t run = 0;        ///< its id in the store
    fleet::RecordExtras extras;  ///< what is wanted besides findings
  };
  /// The scan: \p scheduled is what each target gets. Findings go to \p outputs, whose store the
  /// workers share. kCancelled after a stop, errors of broker and store.
  Status run(const scan::Templates& scheduled, model::TargetReader& reader, Outputs& outputs,
             const Wanted& wanted, std::stop_token stop);

  /// What the workers did.
  const fleet::JobTotals& totals() const { return progress_.totals; }
  /// True if a job was given up.
  bool incomplete() const { return progress_.jobs_given_up > 0; }
  /// Says which jobs were given up, and counts jobs in \p run.
  void report(model::Run& run) const;

 private:
  // Between the jobs and the outputs.
  Status endpoint(const model::Endpoint& record) override { return outputs_->endpoint(record); }
  Status finding(const model::Finding& record) override { return outputs_->finding(record); }
  Status outcome(const model::Outcome& record) override;
  Status flush() override { return outputs_->flush(); }

  fleet::CutOptions cut_options(const scan::Templates& scheduled, int slots) const;
  Result<std::unique_ptr<fleet::Cut>> make_cut(const scan::Templates& scheduled,
                                               model::TargetReader& reader, int slots);
  Result<std::vector<std::string>> travelling(const std::string& name,
                                              std::vector<std::string> values) const;
  cli::ProgressNumbers numbers() const;
  void show(const fleet::SubmitProgress& now, const model::TargetReader& reader);

  const cli::Context& context_;
  const ScanSettings& settings_;
  Clock& clock_;
  fleet::Bundle bundle_;
  fleet::Job model_;
  Outputs* outputs_ = nullptr;
  fleet::SubmitProgress progress_;
  int slices_ = 1;
  std::map<std::string, int> slices_done_;  ///< of targets that are done by halves
  mutable std::mutex mutex_;
  cli::ProgressNumbers shown_;     ///< guarded by mutex_
  std::uint64_t pieces_done_ = 0;  ///< targets times slices
  std::uint64_t requests_per_target_ = 0;
};

}  // namespace m8::num8
