#include "issue_flags.h"

#include <charconv>

#include <fmt/format.h>

#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "store/settings.h"
#include "store/since.h"

namespace m8::num8 {
namespace {

constexpr const char* kFilter = "Filter";

Error bad(std::string_view flag, std::string_view why) {
  return {ErrorCode::kInvalidArgument, fmt::format("--{}: {}", flag, why)};
}

Status add_severities(const cli::Values& flags, store::IssueFilter& filter) {
  for (const std::string& text : flags.list("severity")) {
    const auto severity = model::parse_severity(text);
    if (!severity) return bad("severity", "not a severity: " + text);
    filter.severities.push_back(*severity);
  }
  if (flags.given("at-least")) {
    filter.at_least = model::parse_severity(flags.text("at-least"));
    if (!filter.at_least) return bad("at-least", "not a severity: " + flags.text("at-least"));
  }
  return {};
}

Status add_statuses(const cli::Values& flags, store::IssueFilter& filter) {
  for (const std::string& text : flags.list("status")) {
    const auto status = model::parse_status(text);
    if (!status) return bad("status", "not a status: " + text);
    filter.statuses += *status;
  }
  return {};
}

Status add_times(const cli::Values& flags, store::Store& store, store::IssueFilter& filter) {
  const WallTime now = SystemClock::instance().wall();
  for (const auto& [name, moment] :
       {std::pair("new-since", &filter.new_since), std::pair("older-than", &filter.first_before)}) {
    if (!flags.given(name)) continue;
    const auto since = store::parse_since(flags.text(name), "num8 scan", store, now);
    if (!since.ok()) return since.error().with_context(std::string("--") + name);
    *moment = *since;
  }
  return {};
}

cli::Flag filter_flag(std::string name, std::vector<std::string> aliases, std::string argument,
                      std::string brief) {
  return cli::common(cli::valued(kFilter, std::move(name), std::move(aliases), std::move(argument),
                                 std::move(brief)));
}

}  // namespace

std::vector<cli::Flag> issue_filter_flags() {
  const std::vector<std::string> severities = {"info", "low", "medium", "high", "critical"};
  return {
      cli::repeated(
          cli::chosen(filter_flag("severity", {"s"}, "LEVEL,...", "only these severities"),
                      {"unknown", "info", "low", "medium", "high", "critical"})),
      cli::chosen(filter_flag("at-least", {}, "LEVEL", "only this severity and higher ones"),
                  severities),
      cli::repeated(cli::detailed(
          filter_flag("status", {}, "STATUS,...", "only these statuses"),
          "unreviewed, verified, ignored, false-positive, remediated; or U, V, I, FP, R.")),
      filter_flag("tag", {}, "TAG", "only with this tag"),
      filter_flag("host", {}, "HOST", "only of this host"),
      filter_flag("template-id", {"id"}, "ID", "only of this template"),
      cli::detailed(filter_flag("new-since", {}, "RUN|TIME", "only those first seen since then"),
                    store::kSinceForms),
      filter_flag("older-than", {}, "TIME|AGE", "only those first seen before then"),
      cli::switched(kFilter, "there", {}, "only those that were there when last looked for"),
      cli::switched(kFilter, "gone", {}, "only those that are no longer found"),
  };
}

Result<store::IssueFilter> issue_filter(const cli::Values& flags,
                                        const std::vector<std::string>& ids, store::Store& store) {
  store::IssueFilter filter;
  M8_TRY(add_severities(flags, filter));
  M8_TRY(add_statuses(flags, filter));
  M8_TRY(add_times(flags, store, filter));
  for (const std::string& id : ids) filter.ids.push_back(M8_TRY(parse_issue_id(id)));
  filter.tag = flags.text("tag");
  filter.host = flags.text("host");
  filter.template_id = flags.text("template-id");
  if (flags.on("there") && flags.on("gone")) return bad("gone", "not together with --there");
  if (flags.on("there")) filter.presence = store::IssueFilter::Presence::kThere;
  if (flags.on("gone")) filter.presence = store::IssueFilter::Presence::kGone;
  return filter;
}

Result<std::int64_t> parse_issue_id(const std::string& text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size() && id > 0) return id;
  return Error{ErrorCode::kInvalidArgument, "not the id of an issue: " + text};
}

bool filter_given(const cli::Values& flags, const std::vector<std::string>& ids) {
  if (!ids.empty()) return true;
  for (const cli::Flag& flag : issue_filter_flags()) {
    if (flags.given(flag.name)) return true;
  }
  return false;
}

cli::Flag jsonl_flag(std::string brief) {
  return cli::common(cli::switched("Output", "jsonl", {"json"}, std::move(brief)));
}

cli::Command issue_command(std::string name, std::string arguments, std::string brief,
                           Result<int> (*run)(const cli::Context&)) {
  cli::Command command;
  command.name = std::move(name);
  command.arguments = std::move(arguments);
  command.brief = std::move(brief);
  command.run = [run](const cli::Context& context) {
    const auto code = run(context);
    return code.ok() ? *code : cli::fail("num8 " + context.command, code.error());
  };
  return command;
}

std::string author_of(const cli::Values& flags) {
  for (const std::string& name :
       {flags.text("author"), cli::environment("USER"), cli::environment("LOGNAME")}) {
    if (!name.empty()) return name;
  }
  return "somebody";
}

void say_issue(const cli::Context& context, const std::string& text) {
  if (context.flags.on("quiet")) return;
  fmt::print(stderr, "num8 {}: {}\n", context.command, text);
}

}  // namespace m8::num8
