#include "outputs.h"

#include <algorithm>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "model/issue.h"
#include "output/format.h"
#include "output/stream.h"

namespace m8::num8 {

namespace {

std::string format_of(const cli::Values& flags) {
  const std::string format = flags.text("format");
  if (!format.empty()) return format;
  return flags.on("jsonl") ? "jsonl" : "screen";
}

output::FormatOptions format_options(const cli::Context& context) {
  output::FormatOptions options;
  options.timestamps = context.flags.on("timestamp");
  options.metadata = !context.flags.on("no-meta");
  options.matcher_status = context.flags.on("matcher-status");
  options.arguments = context.arguments;
  options.arguments.insert(options.arguments.begin(), context.program);
  return options;
}

}  // namespace

Result<std::unique_ptr<Outputs>> Outputs::open(const cli::Context& context,
                                               const output::Redactor& redactor,
                                               std::stop_source unread, model::Run& run,
                                               const store::Continuation& continuation) {
  const cli::Values& flags = context.flags;
  std::unique_ptr<Outputs> outputs(new Outputs(redactor, std::move(unread)));
  if (const std::string root = flags.text("as-job"); !root.empty()) {
    outputs->be_job(root);
    return outputs;
  }
  const std::string format = format_of(flags);
  const bool append = continuation.resume != 0;
  output::FormatOptions options = format_options(context);
  M8_TRY(outputs->open_file(flags, options, append));
  outputs->reports_ = M8_TRY(Reports::open(flags, options, append));
  if (append && (outputs->file_is_document_ || outputs->reports_->has_documents()))
    outputs->earlier_.emplace();
  options.colours = cli::use_colour(flags, STDOUT_FILENO);
  outputs->screen_ = std::make_unique<output::Writer>(
      M8_TRY(output::make_format(format, options)),
      std::make_unique<output::Stream>(
          Fd(STDOUT_FILENO), "stdout",
          output::StreamOptions{.stop = outputs->unread_.get_token()}));
  M8_TRY(outputs->open_store(flags, run, continuation));
  return outputs;
}

Status Outputs::open_file(const cli::Values& flags, const output::FormatOptions& options,
                          bool append) {
  const std::string path = flags.text("output");
  if (path.empty()) return {};
  auto format = M8_TRY(output::make_format(format_of(flags), options));
  file_is_document_ = format->is_document();
  append = append && !file_is_document_;
  file_ = std::make_unique<output::Writer>(
      std::move(format),
      M8_TRY(output::Stream::create(path, {.append = append, .asynchronous = true})), append);
  return {};
}

Status Outputs::open_store(const cli::Values& flags, model::Run& run,
                           const store::Continuation& continuation) {
  store_ = M8_TRY(store::RunStore::open(flags, run, continuation));
  if (store_ && !flags.on("suppressed"))
    judged_ = M8_TRY(store::Judged::load(store_->store().life()));
  return {};
}

void Outputs::be_job(const std::string& root) {
  lines_ = std::make_unique<output::Stream>(
      Fd(STDOUT_FILENO), "stdout",
      output::StreamOptions{.flush_each = false, .stop = unread_.get_token()});
  records_ = std::make_unique<fleet::RecordLines>(
      root, [this](std::string_view line) { return lines_->write(line); });
}

Status Outputs::job_totals(const fleet::JobTotals& totals) {
  if (!records_) return {};
  M8_TRY(records_->totals(totals));
  return lines_->flush();
}

std::optional<model::Severity> Outputs::worst() const {
  const int worst = worst_.load();
  if (worst < 0) return std::nullopt;
  return static_cast<model::Severity>(worst);
}

void Outputs::count(model::Run& run) const {
  for (std::size_t i = 0; i < found_.size(); ++i) {
    if (found_[i] > 0)
      run.counts[fmt::format("findings.{}", to_string(static_cast<model::Severity>(i)))] =
          found_[i];
  }
  if (hidden_ > 0) run.counts["findings.suppressed"] = hidden_;
}

/// Somebody judged it: it is no news.
bool Outputs::hidden(const model::Finding& finding) const {
  return judged_.size() > 0 && judged_.contains(model::issue_signature(finding));
}

Status Outputs::finding(const model::Finding& found) {
  model::Finding finding = found;
  redactor_.apply(finding);
  if (records_) {
    Status status = records_->finding(finding);
    if (unread()) unread_.request_stop();
    return status;
  }
  // Only the writer's thread gets here, so there is nobody to race with.
  if (finding.matched && earlier_) earlier_->saw(finding);
  if (finding.matched) ++found_[static_cast<std::size_t>(finding.info->severity)];
  if (finding.matched && hidden(finding)) {
    ++hidden_;
    return store_->sink().finding(finding);
  }
  if (finding.matched) worst_ = std::max(worst_.load(), static_cast<int>(finding.info->severity));
  const Status status = write(finding);
  if (unread()) unread_.request_stop();
  return status;
}

Status Outputs::write(const model::Finding& finding) {
  Status shown;
  const auto show = [&] { shown = screen_->finding(finding); };
  if (progress_) {
    progress_->around(show);
  } else {
    show();
  }
  const Status kept = file_ ? file_->finding(finding) : Status();
  // What did not match is for who watches.
  const Status reported = finding.matched ? reports_->finding(finding) : Status();
  const Status stored = store_ && finding.matched ? store_->sink().finding(finding) : Status();
  for (const Status& status : {shown, kept, reported, stored})
    if (!status.ok()) return status;
  return {};
}

Status Outputs::endpoint(const model::Endpoint& endpoint) {
  if (records_) return records_->endpoint(endpoint);
  return store_ ? store_->sink().endpoint(endpoint) : Status();
}

Status Outputs::outcome(const model::Outcome& outcome) {
  if (records_) return records_->outcome(outcome);
  return store_ ? store_->sink().outcome(outcome) : Status();
}

Status Outputs::flush_files() {
  if (records_) return lines_->flush();
  const Status shown = screen_->flush();
  const Status kept = file_ ? file_->flush() : Status();
  const Status reported = reports_->flush();
  for (const Status& status : {shown, kept, reported})
    if (!status.ok()) return status;
  return {};
}

Status Outputs::flush() {
  const Status written = flush_files();
  const Status stored = store_ ? store_->sink().flush() : Status();
  return written.ok() ? stored : written;
}

Status Outputs::write_earlier(std::int64_t run) {
  if (!earlier_ || !store_) return {};
  return earlier_->give(store_->store(), run, judged_, [this](const model::Finding& finding) {
    const Status kept = file_is_document_ ? file_->finding(finding) : Status();
    const Status reported = reports_->earlier(finding);
    return kept.ok() ? reported : kept;
  });
}

Status Outputs::end(const model::Run& run) {
  if (records_) return {};
  const Status known = write_earlier(run.id);
  const Status shown = screen_->end();
  const Status kept = file_ ? file_->end() : Status();
  const Status reported = reports_->end();
  const Status stored = store_ ? store_->end(run) : Status();
  for (const Status& status : {known, shown, kept, reported, stored})
    if (!status.ok()) return status;
  return {};
}

}  // namespace m8::num8
