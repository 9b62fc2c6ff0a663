#include "enum_outputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "output/format.h"

namespace m8::asmm8 {

FailureLog::FailureLog(const std::vector<net::Name>& domains) {
  for (const auto& domain : domains) domains_.insert(domain.text());
}

Status FailureLog::outcome(const model::Outcome& outcome) {
  if (outcome.kind == model::Outcome::Kind::kFailed) {
    ++reasons_[outcome.reason];
    const auto level =
        domains_.contains(outcome.target) ? spdlog::level::warn : spdlog::level::info;
    log::get("enum")->log(level, "name={} failed: {}", outcome.target, outcome.reason);
  } else if (outcome.what == "wildcard") {
    log::get("enum")->info("wildcard zone={}: {}", outcome.target, outcome.reason);
  }
  return {};
}

std::string FailureLog::to_string() const {
  std::string out;
  for (const auto& [reason, count] : reasons_)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", reason, count);
  return out;
}

Status open_outputs(const cli::Values& flags, const store::Continuation& continuation,
                    model::Run& run, Outputs& outputs, std::stop_token stop) {
  if (const std::string root = flags.text("as-job"); !root.empty()) {
    outputs.lines = std::make_unique<output::Stream>(
        Fd(STDOUT_FILENO), "stdout",
        output::StreamOptions{.flush_each = false, .stop = std::move(stop)});
    outputs.records = std::make_unique<fleet::RecordLines>(
        root, [lines = outputs.lines.get()](std::string_view line) { return lines->write(line); });
    outputs.all.add(*outputs.records);
    outputs.all.add(outputs.failures);
    return {};
  }
  const char* format = flags.on("jsonl") ? "jsonl" : "screen";
  output::FormatOptions options;
  options.sources = flags.on("collect-sources");
  outputs.screen = std::make_unique<output::Writer>(
      M8_TRY(output::make_format(format, options)),
      std::make_unique<output::Stream>(Fd(STDOUT_FILENO), "stdout",
                                       output::StreamOptions{.stop = std::move(stop)}));
  outputs.readers.add(*outputs.screen);
  outputs.all.add(outputs.shown);
  if (const std::string path = flags.text("output"); !path.empty()) {
    output::StreamOptions file{.asynchronous = true};
    file.append = continuation.resume != 0;
    auto stream = M8_TRY(output::Stream::create(path, file));
    outputs.file = std::make_unique<output::Writer>(M8_TRY(output::make_format(format, options)),
                                                    std::move(stream));
    outputs.readers.add(*outputs.file);
  }
  // What nobody asked for is no inventory.
  if (!flags.on("passive-only"))
    outputs.store = M8_TRY(store::RunStore::open(flags, run, continuation));
  if (outputs.store) outputs.store->flush_first(outputs.readers);
  if (outputs.store) outputs.all.add(outputs.store->sink());
  outputs.all.add(outputs.failures);
  return {};
}

}  // namespace m8::asmm8
