// num8 report: the stored issues as something to hand over.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/temp_file.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "commands.h"
#include "issue_flags.h"
#include "issue_import.h"
#include "net/shown_url.h"
#include "output/issue_report.h"
#include "output/listing.h"
#include "store/chosen_store.h"
#include "store/settings.h"

namespace m8::num8 {
namespace {

constexpr std::size_t kRuns = 20;

/// The store that is told of, or one of a file's findings, gone with this.
struct Source {
  std::optional<TempDirectory> directory;
  std::unique_ptr<store::Store> store;
  std::string place;  ///< for people
  int code = cli::kDone;
};

Result<Source> open_source(const cli::Context& context) {
  const auto& flags = context.flags;
  Source source;
  if (flags.arguments().empty()) {
    source.store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
    source.place = net::shown_url(store::chosen_url(flags));
    return source;
  }
  if (flags.arguments().size() > 1)
    return Error{ErrorCode::kInvalidArgument, "one file, or - for stdin"};
  auto input = M8_TRY(FindingsInput::open(flags.arguments()[0], ""));
  source.place = input.name;
  const std::string temporary = cli::environment("TMPDIR");
  source.directory = M8_TRY(TempDirectory::create(temporary.empty() ? "/tmp" : temporary));
  source.store = M8_TRY(store::open_store("sqlite:" + source.directory->path() + "/m8.db"));
  source.code = M8_TRY(import_findings(context, std::move(input), *source.store));
  return source;
}

Result<output::ReportSummary> summary_of(const cli::Context& context, const Source& source,
                                         store::IssueFilter filter) {
  store::Store& store = *source.store;
  output::ReportSummary summary;
  summary.title = context.flags.text("title");
  summary.place = source.place;
  summary.made = SystemClock::instance().wall();
  M8_TRY(store.for_each_run({"num8 scan", kRuns}, [&summary](const model::Run& run) {
    summary.runs.push_back(run);
    return Status();
  }));
  std::reverse(summary.runs.begin(), summary.runs.end());
  filter.without_event = true;
  M8_TRY(store.for_each_issue(filter, [&summary](const model::Issue& issue) {
    summary.add(issue);
    return Status();
  }));
  return summary;
}

Result<output::Listing> open_output(const cli::Values& flags) {
  const std::string path = flags.text("output");
  if (path.empty() || path == "-") return output::Listing();
  return output::Listing::create(path);
}

/// The gravest first: one pass for each severity.
Status each_by_severity(store::Store& store, const store::IssueFilter& filter,
                        const store::Each<model::Issue>& each) {
  using model::Severity;
  for (const Severity severity : {Severity::kCritical, Severity::kHigh, Severity::kMedium,
                                  Severity::kLow, Severity::kInfo, Severity::kUnknown}) {
    const auto& wanted = filter.severities;
    const bool listed =
        wanted.empty() || std::find(wanted.begin(), wanted.end(), severity) != wanted.end();
    if (!listed) continue;
    store::IssueFilter one = filter;
    one.severities = {severity};
    M8_TRY(store.for_each_issue(one, each));
  }
  return {};
}

Status write(const cli::Context& context, const Source& source, store::IssueFilter filter,
             output::Report& report, output::Listing& out) {
  const auto summary = M8_TRY(summary_of(context, source, filter));
  M8_TRY(out.line(report.head(summary)));
  filter.without_event = context.flags.text("format") != "html";
  M8_TRY(each_by_severity(*source.store, filter, [&](const model::Issue& issue) {
    return out.line(report.issue(issue));
  }));
  return out.line(report.tail());
}

Result<int> report(const cli::Context& context) {
  const auto& flags = context.flags;
  const auto source = M8_TRY(open_source(context));
  const auto filter = M8_TRY(issue_filter(flags, {}, *source.store));
  const auto form = M8_TRY(output::make_report(
      flags.text("format"), {flags.bytes("max-evidence"), flags.on("no-redact")}));
  auto out = M8_TRY(open_output(flags));
  M8_TRY(out.finish(write(context, source, filter, *form, out)));
  return source.code;
}

}  // namespace

cli::Command report_command() {
  auto command = issue_command("report", "[FILE]", "write a report of the stored issues", report);
  command.detail =
      "With FILE, or - for stdin: of its findings, as num8 issue import reads them, and nothing is "
      "stored. "
      "html: one page that needs nothing else and no scripts: summary, the last scans, severity by "
      "host, and every issue with its evidence, which the filters of the page and those of the "
      "command choose. markdown: a table. csv: for spreadsheets, in which no field is a formula. "
      "sarif: SARIF 2.1.0; ignored and false-positive issues are suppressed results.";
  command.flags = issue_filter_flags();
  const std::vector<cli::Flag> more = {
      cli::common(cli::chosen(
          cli::with_default(cli::valued("Output", "format", {}, "FORMAT", "form of the report"),
                            "html"),
          output::report_forms())),
      cli::common(
          cli::file_flag(cli::valued("Output", "output", {"o"}, "FILE", "write to a file"))),
      cli::with_default(cli::valued("Output", "title", {}, "TEXT", "what the report is called"),
                        "Security report"),
      cli::typed(cli::with_default(cli::valued("Output", "max-evidence", {}, "SIZE",
                                               "show so much of each request and response"),
                                   "16K"),
                 cli::ValueType::size(0, 64 << 20)),
      cli::detailed(cli::switched("Output", "no-redact", {}, "show secrets"),
                    "Otherwise headers that log in, passwords in URLs, tokens of well-known forms "
                    "and the values of parameters such as token= are masked."),
  };
  command.flags.insert(command.flags.end(), more.begin(), more.end());
  command.flags = store::with_store_settings(std::move(command.flags));
  return command;
}

}  // namespace m8::num8
