// num8 issue import|export: issues from and for other tools.
#include "issue_import.h"

#include <fstream>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/file.h"
#include "base/version.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/shell_words.h"
#include "commands.h"
#include "issue_flags.h"
#include "issues/import.h"
#include "issues/record.h"
#include "model/size.h"
#include "output/listing.h"
#include "store/chosen_store.h"
#include "store/settings.h"

namespace m8::num8 {
namespace {

constexpr std::size_t kBatch = 2'000, kBatchBytes = 16u << 20;
constexpr std::size_t kMaxSarif = 512u << 20;

/// The run of an import, and the batch that waits.
class Importer {
 public:
  explicit Importer(store::Store& store) : store_(store) {}

  Status begin(const cli::Context& context) {
    run_.command = "num8 issue import";
    run_.arguments = cli::shell_words(context.arguments);
    run_.version = version();
    run_.started = SystemClock::instance().wall();
    run_.status = "running";
    run_.id = M8_TRY(store_.begin_run(run_));
    return {};
  }
  Status add(const model::Finding& finding, char status) {
    if (!finding.matched) return {};
    model::Issue issue = model::to_issue(finding);
    issue.status = status;
    if (issue.first_seen == WallTime{}) issue.first_seen = issue.last_seen = run_.started;
    bytes_ += model::bytes_of(issue);
    batch_.push_back(std::move(issue));
    return batch_.size() >= kBatch || bytes_ >= kBatchBytes ? flush() : Status();
  }
  Status flush() {
    if (batch_.empty()) return {};
    M8_TRY(store_.upsert_issues(run_.id, batch_));
    run_.counts["findings"] += batch_.size();
    batch_.clear();
    bytes_ = 0;
    return {};
  }
  /// \p read: how the reading ended.
  Status end(const Status& read, std::uint64_t broken) {
    const Status written = read.ok() ? flush() : read;
    run_.ended = SystemClock::instance().wall();
    run_.counts["lines.broken"] = broken;
    run_.status = !written.ok() ? "failed" : broken > 0 ? "incomplete" : "done";
    const Status ended = store_.end_run(run_);
    return written.ok() ? ended : written;
  }
  std::uint64_t kept() const {
    const auto found = run_.counts.find("findings");
    return found == run_.counts.end() ? 0 : found->second;
  }

 private:
  store::Store& store_;
  model::Run run_;
  std::vector<model::Issue> batch_;
  std::size_t bytes_ = 0;
};

Result<issues::ImportCounts> read_input(std::istream& input, std::string_view format,
                                        const issues::EachFinding& each,
                                        const std::function<void(const std::string&)>& broken) {
  if (format == "sarif") {
    std::string text;
    std::string block(1u << 16, '\0');
    while (input.read(block.data(), static_cast<std::streamsize>(block.size())),
           input.gcount() > 0) {
      text.append(block, 0, static_cast<std::size_t>(input.gcount()));
      if (text.size() > kMaxSarif)
        return Error{ErrorCode::kExhausted, "a SARIF log over 512 MB: too large"};
    }
    return issues::read_sarif(text, each, broken);
  }
  const auto next = [&input](std::string& line) { return !!std::getline(input, line); };
  return issues::read_jsonl(next, each, broken);
}

std::string format_of(const std::string& given, const std::string& path) {
  if (!given.empty()) return given;
  return path.ends_with(".sarif") || path.ends_with(".sarif.json") ? "sarif" : "jsonl";
}

Result<int> import(const cli::Context& context) {
  const auto& given = context.flags.arguments();
  if (given.size() > 1) return Error{ErrorCode::kInvalidArgument, "one file, or - for stdin"};
  const std::string path = given.empty() ? "-" : given[0];
  auto input = M8_TRY(FindingsInput::open(path, context.flags.text("format")));
  auto store = M8_TRY(store::open_chosen(context.flags, {}));
  return import_findings(context, std::move(input), *store);
}

/// The event with our own key, which says what became of it.
std::string export_line(const model::Issue& issue, json::Writer& w) {
  std::string line = issue.event;
  if (!line.ends_with('}')) line = "{}";
  w.clear();
  w.object();
  issues::write_issue(w, issue);
  line.pop_back();
  if (line.size() > 1) line += ',';
  return line + "\"m8\":" + w.end().text() + "}\n";
}

Result<int> export_issues(const cli::Context& context) {
  const auto& flags = context.flags;
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  const auto filter = M8_TRY(issue_filter(flags, flags.arguments(), *store));
  output::Listing out;
  if (const std::string path = flags.text("output"); !path.empty())
    out = M8_TRY(output::Listing::create(path));
  json::Writer w;
  const auto each = [&](const model::Issue& issue) { return out.line(export_line(issue, w)); };
  M8_TRY(out.finish(store->for_each_issue(filter, each)));
  return cli::kDone;
}

}  // namespace

Result<FindingsInput> FindingsInput::open(const std::string& path, const std::string& format) {
  FindingsInput input;
  input.name = path == "-" ? "stdin" : path;
  input.format = format_of(format, path);
  if (path == "-") {
    input.stream = std::make_unique<std::istream>(std::cin.rdbuf());
    return input;
  }
  M8_TRY(LineReader::open(path));  // says what is wrong with it
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) return Error{ErrorCode::kIo, path + ": cannot be read"};
  input.stream = std::move(file);
  return input;
}

Result<int> import_findings(const cli::Context& context, FindingsInput input, store::Store& store) {
  Importer importer(store);
  M8_TRY(importer.begin(context));
  std::uint64_t broken = 0;
  const auto read = read_input(
      *input.stream, input.format,
      [&importer](const model::Finding& finding, char status) {
        return importer.add(finding, status);
      },
      [&](const std::string& why) {
        ++broken;
        fmt::print(stderr, "num8 {}: {}: {}\n", context.command, input.name, why);
      });
  const Status ended = importer.end(read.ok() ? Status() : Status(read.error()), broken);
  say_issue(context, fmt::format("{} findings kept, {} broken", importer.kept(), broken));
  if (!ended.ok()) return ended.error().with_context(input.name);
  return broken > 0 ? cli::kIncomplete : cli::kDone;
}

cli::Command issue_import_command() {
  auto command =
      issue_command("issue import", "[FILE]", "store the findings of other tools", import);
  command.detail =
      "Reads nuclei's JSON lines, those of num8 scan --jsonl or num8 issue export (with their "
      "statuses), or a SARIF 2.1.0 log. A line that is none is named and left out, exit code 4; "
      "the others are kept.";
  command.flags = store::with_store_settings({cli::common(
      cli::chosen(cli::detailed(cli::valued("Input", "format", {}, "FORMAT", "form of the input"),
                                "jsonl, unless the file is called .sarif."),
                  {"jsonl", "sarif"}))});
  return command;
}

cli::Command issue_export_command() {
  auto command = issue_command("issue export", "[ISSUE...]",
                               "write issues as JSON lines, with their evidence", export_issues);
  command.detail =
      "Each line is the event of the last sighting as nuclei writes it, with one key more, m8: the "
      "record of the issue. num8 issue import reads it back.";
  command.flags = issue_filter_flags();
  command.flags.push_back(cli::common(
      cli::file_flag(cli::valued("Output", "output", {"o"}, "FILE", "write to a file"))));
  command.flags = store::with_store_settings(std::move(command.flags));
  return command;
}

}  // namespace m8::num8
