// num8 issue diff: the issues that became new, changed, gone or returned.
#include <array>
#include <set>

#include <fmt/format.h>

#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "commands.h"
#include "issue_flags.h"
#include "issues/difference.h"
#include "output/listing.h"
#include "store/chosen_store.h"
#include "store/settings.h"
#include "store/since.h"

namespace m8::num8 {
namespace {

using model::ChangeKind;

Result<std::set<ChangeKind>> kinds_of(const cli::Values& flags, const char* name) {
  std::set<ChangeKind> kinds;
  for (const std::string& text : flags.list(name)) {
    const auto kind = model::parse_change_kind(text);
    if (!kind)
      return Error{ErrorCode::kInvalidArgument, fmt::format("--{}: not a change: {}", name, text)};
    kinds.insert(*kind);
  }
  return kinds;
}

bool shown(const cli::Values& flags, const model::Issue& issue) {
  if (!flags.on("suppressed") && model::is_suppressed(issue.status)) return false;
  const auto least = model::parse_severity(flags.text("at-least"));
  if (least && issue.severity < *least) return false;
  const std::string host = flags.text("host");
  return host.empty() || host == issue.host;
}

Result<int> diff(const cli::Context& context) {
  const auto& flags = context.flags;
  if (!flags.given("since")) return Error{ErrorCode::kInvalidArgument, "--since is missing"};
  const auto kinds = M8_TRY(kinds_of(flags, "kind"));
  const auto fatal = M8_TRY(kinds_of(flags, "fail-on"));
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  const WallTime now = SystemClock::instance().wall();
  const auto since = store::parse_since(flags.text("since"), "num8 scan", *store, now);
  if (!since.ok()) return since.error().with_context("--since");
  output::Listing out;
  issues::DifferenceLines lines(flags.on("jsonl") ? "jsonl" : flags.text("format"));
  std::array<std::uint64_t, 4> counts{};
  const auto each = [&](const issues::Difference& difference) -> Status {
    if (!shown(flags, *difference.issue)) return {};
    ++counts[static_cast<std::size_t>(difference.kind)];
    const bool wanted = kinds.empty() || kinds.contains(difference.kind);
    return wanted ? out.line(lines.text(difference)) : Status();
  };
  M8_TRY(
      out.finish(issues::each_difference(*store, {*since, {}, {issues::Subject::kIssue}}, each)));
  say_issue(context, fmt::format("{} new, {} changed, {} gone, {} returned", counts[0], counts[1],
                                 counts[2], counts[3]));
  for (const ChangeKind kind : fatal) {
    if (counts[static_cast<std::size_t>(kind)] > 0) return cli::kFound;
  }
  return cli::kDone;
}

cli::Flag kinds_flag(std::string name, const char* section, std::string brief) {
  return cli::common(cli::repeated(
      cli::chosen(cli::valued(section, std::move(name), {}, "KIND,...", std::move(brief)),
                  {"new", "changed", "gone", "returned"})));
}

}  // namespace

cli::Command issue_diff_command() {
  auto command = issue_command("issue diff", "",
                               "name the issues that became new, changed, gone or returned", diff);
  command.detail =
      "Compares what is known now with what was known then. An issue is gone only if its template "
      "ran to its end against its target and did not match, or if somebody remediated it; changed "
      "if its severity or what people make of it is another. Exit code 3 if --fail-on names a "
      "change there is.";
  command.flags = store::with_store_settings({
      cli::common(cli::detailed(
          cli::valued("Filter", "since", {}, "RUN|TIME", "compare with what was known then"),
          store::kSinceForms)),
      kinds_flag("kind", "Filter", "only these kinds of change"),
      cli::common(cli::chosen(
          cli::valued("Filter", "at-least", {}, "LEVEL", "only this severity and higher ones"),
          {"info", "low", "medium", "high", "critical"})),
      cli::valued("Filter", "host", {}, "HOST", "only of this host"),
      cli::switched("Filter", "suppressed", {}, "also verified, ignored and false-positive ones"),
      cli::common(cli::chosen(
          cli::with_default(cli::valued("Output", "format", {}, "FORMAT", "form of the lines"),
                            "table"),
          {"table", "jsonl", "markdown"})),
      jsonl_flag("as --format jsonl"),
      kinds_flag("fail-on", "Output", "exit with 3 if there is a change of these kinds"),
  });
  return command;
}

}  // namespace m8::num8
