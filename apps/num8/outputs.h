/// Outputs: where the findings of a scan go, without their secrets: stdout, a file, reports, a
/// store.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/flag.h"
#include "cli/progress.h"
#include "earlier_findings.h"
#include "fleet/records.h"
#include "model/severity.h"
#include "model/sink.h"
#include "output/redact.h"
#include "output/stream.h"
#include "output/writer.h"
#include "reports.h"
#include "store/judged.h"
#include "store/run_store.h"

namespace m8::num8 {

/// The sink of a scan. Thread-safe.
class Outputs final : public model::Sink {
 public:
  /// Opens what the flags name. \p unread is asked to stop once nobody reads the results any more:
  /// stdout was closed, and there is neither file nor store. \p run is begun in the store, or
  /// taken up. \p redactor is borrowed. Errors of opening any.
  static Result<std::unique_ptr<Outputs>> open(const cli::Context& context,
                                               const output::Redactor& redactor,
                                               std::stop_source unread, model::Run& run,
                                               const store::Continuation& continuation);

  /// Findings go around the progress line from now on; null: no more. Borrowed.
  void set_progress(cli::Progress* progress) { progress_ = progress; }

  /// The highest severity found and not judged before; empty before the first such finding.
  std::optional<model::Severity> worst() const;
  /// Nobody read the results to the end, and there was no other place for them.
  bool unread() const {
    if (records_) return lines_->closed();
    return !file_ && !store_ && reports_->empty() && screen_->closed();
  }
  /// Counts the findings by severity, and those that were not shown because they were judged.
  void count(model::Run& run) const;
  /// ", kept in URL", or nothing without a store.
  std::string kept_in() const { return store_ ? ", kept in " + store_->url() : std::string(); }
  /// Records that the store did not take, after the last flush().
  std::uint64_t unwritten() const { return store_ ? store_->unwritten() : 0; }
  /// The store, or null.
  store::RunStore* store() { return store_.get(); }
  /// Ends the documents and the reports, and writes the end of \p run into the store.
  Status end(const model::Run& run);

  Status finding(const model::Finding& finding) override;
  /// Kept in the store.
  Status endpoint(const model::Endpoint& endpoint) override;
  /// Kept in the store, which calls gone what was looked for in vain.
  Status outcome(const model::Outcome& outcome) override;
  /// Says what the scan looks for. Before the first target.
  Status looks_for(const std::vector<std::string>& templates) {
    return store_ ? store_->looks_for(templates) : Status();
  }
  /// Where records of a job of a worker go; null: it is none.
  fleet::RecordLines* job_records() { return records_.get(); }
  /// What the scan came to, if it is a job of a worker; nothing else.
  Status job_totals(const fleet::JobTotals& totals);
  Status flush() override;
  /// The same without the store.
  Status flush_files();

 private:
  Outputs(const output::Redactor& redactor, std::stop_source unread)
      : redactor_(redactor), unread_(std::move(unread)) {}
  Status open_store(const cli::Values& flags, model::Run& run,
                    const store::Continuation& continuation);
  bool hidden(const model::Finding& finding) const;
  Status write(const model::Finding& finding);
  Status open_file(const cli::Values& flags, const output::FormatOptions& options, bool append);
  Status write_earlier(std::int64_t run);
  void be_job(const std::string& root);

  const output::Redactor& redactor_;
  std::unique_ptr<output::Stream> lines_;        ///< of a job; null: it is none,
  std::unique_ptr<fleet::RecordLines> records_;  ///< and there is a screen
  std::unique_ptr<output::Writer> screen_;
  std::unique_ptr<output::Writer> file_;
  bool file_is_document_ = false;
  std::unique_ptr<Reports> reports_;
  std::optional<EarlierFindings> earlier_;  ///< of a run that goes on with documents
  std::unique_ptr<store::RunStore> store_;
  std::stop_source unread_;
  cli::Progress* progress_ = nullptr;
  store::Judged judged_;
  std::atomic<int> worst_{-1};
  // Of the writer's thread, read after it.
  std::array<std::uint64_t, 6> found_{};  ///< by severity, those that are hidden too
  std::uint64_t hidden_ = 0;
};

}  // namespace m8::num8
