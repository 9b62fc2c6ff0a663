#include "outputs.h"

#include <algorithm>

#include <unistd.h>

#include "cli/terminal.h"
#include "output/format.h"
#include "output/stream.h"

namespace m8::num8 {

Result<std::unique_ptr<Outputs>> Outputs::open(const cli::Values& flags, std::stop_source unread,
                                               model::Run& run) {
  std::unique_ptr<Outputs> outputs(new Outputs(std::move(unread)));
  const char* format = flags.on("jsonl") ? "jsonl" : "screen";
  output::FormatOptions options;
  options.timestamps = flags.on("timestamp");
  options.metadata = !flags.on("no-meta");
  if (const std::string path = flags.text("output"); !path.empty()) {
    outputs->file_ = std::make_unique<output::Writer>(
        M8_TRY(output::make_format(format, options)),
        M8_TRY(output::Stream::create(path, {.asynchronous = true})));
  }
  options.colours = cli::use_colour(flags, STDOUT_FILENO);
  outputs->screen_ = std::make_unique<output::Writer>(
      M8_TRY(output::make_format(format, options)),
      std::make_unique<output::Stream>(
          Fd(STDOUT_FILENO), "stdout",
          output::StreamOptions{.stop = outputs->unread_.get_token()}));
  outputs->store_ = M8_TRY(store::RunStore::open(flags, run));
  return outputs;
}

std::optional<model::Severity> Outputs::worst() const {
  const int worst = worst_.load();
  if (worst < 0) return std::nullopt;
  return static_cast<model::Severity>(worst);
}

Status Outputs::finding(const model::Finding& finding) {
  if (finding.matched) {
    // Only the writer's thread gets here, so there is nobody to race with.
    worst_ = std::max(worst_.load(), static_cast<int>(finding.info->severity));
  }
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
  const Status stored = store_ ? store_->sink().finding(finding) : Status();
  for (const Status& status : {shown, kept, stored})
    if (!status.ok()) return status;
  return {};
}

Status Outputs::endpoint(const model::Endpoint& endpoint) {
  return store_ ? store_->sink().endpoint(endpoint) : Status();
}

Status Outputs::outcome(const model::Outcome& outcome) {
  return store_ ? store_->sink().outcome(outcome) : Status();
}

Status Outputs::flush() {
  const Status shown = screen_->flush();
  const Status kept = file_ ? file_->flush() : Status();
  const Status stored = store_ ? store_->sink().flush() : Status();
  for (const Status& status : {shown, kept, stored})
    if (!status.ok()) return status;
  return {};
}

}  // namespace m8::num8
