// num8 issue list|show|history: the stored issues.
#include <utility>

#include <fmt/format.h>

#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "commands.h"
#include "issue_flags.h"
#include "issues/record.h"
#include "output/listing.h"
#include "output/table.h"
#include "output/text.h"
#include "store/chosen_store.h"
#include "store/settings.h"

namespace m8::num8 {
namespace {

/// The lines of a listing, in the form that the flags name.
class IssueLines {
 public:
  IssueLines(bool jsonl, output::Listing& out) : jsonl_(jsonl), out_(out) {}

  Status add(const model::Issue& issue) {
    if (jsonl_) {
      line_ = issues::issue_line(writer_, issue);
      line_ += '\n';
      return out_.line(line_);
    }
    if (std::exchange(first_, false)) M8_TRY(out_.line(table_.header()));
    const std::string template_id =
        issue.template_id + (issue.matcher.empty() ? "" : ":" + issue.matcher);
    return out_.line(
        table_.row({std::to_string(issue.id), to_string(issue.severity),
                    std::string(model::status_name(issue.status)) + (issue.gone ? ", gone" : ""),
                    output::local_seconds(issue.first_seen), output::local_seconds(issue.last_seen),
                    template_id, issue.matched_at}));
  }

 private:
  const bool jsonl_;
  output::Listing& out_;
  json::Writer writer_;
  std::string line_;
  bool first_ = true;
  const output::Table table_{{{"ISSUE", 6, true},
                              {"SEVERITY", 8},
                              {"STATUS", 16},
                              {"FIRST SEEN", 19},
                              {"LAST SEEN", 19},
                              {"TEMPLATE", 28},
                              {"WHERE", 0}}};
};

Result<int> list(const cli::Context& context) {
  const auto& flags = context.flags;
  auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  auto filter = M8_TRY(issue_filter(flags, {}, *store));
  filter.limit = flags.number<std::size_t>("limit");
  filter.without_event = true;
  output::Listing out;
  IssueLines lines(flags.on("jsonl"), out);
  const auto add = [&lines](const model::Issue& issue) { return lines.add(issue); };
  M8_TRY(out.finish(store->for_each_issue(filter, add)));
  return cli::kDone;
}

/// The one issue that the argument names, with its event.
Result<model::Issue> chosen_issue(const cli::Context& context, store::Store& store) {
  const auto& given = context.flags.arguments();
  if (given.size() != 1)
    return Error{ErrorCode::kInvalidArgument, "one issue is needed: its id or signature"};
  store::IssueFilter filter;
  if (given[0].size() > 20) {
    filter.signatures = {given[0]};
  } else {
    filter.ids = {M8_TRY(parse_issue_id(given[0]))};
  }
  std::optional<model::Issue> found;
  M8_TRY(store.for_each_issue(filter, [&found](const model::Issue& issue) {
    found = issue;
    return Status();
  }));
  if (found) return *std::move(found);
  return Error{ErrorCode::kNotFound, "no issue " + given[0]};
}

std::string show_text(const model::Issue& issue) {
  const auto row = [](std::string_view name, std::string_view value) {
    return value.empty() ? std::string()
                         : fmt::format("{:<12} {}\n", name, output::escape_control(value));
  };
  std::string text =
      row("issue", std::to_string(issue.id)) + row("name", issue.name) +
      row("template", issue.template_id) + row("matcher", issue.matcher) +
      row("severity", to_string(issue.severity)) + row("status", model::status_name(issue.status)) +
      row("host", issue.host) + row("where", issue.matched_at) + row("tags", issue.tags) +
      row("first seen", rfc3339(issue.first_seen)) + row("last seen", rfc3339(issue.last_seen));
  if (issue.gone) text += row("gone since", rfc3339(*issue.gone));
  text += row("runs", fmt::format("{} first, {} last", issue.first_run, issue.last_run)) +
          row("signature", issue.signature);
  const auto event = json::parse(issue.event);
  if (!event.ok()) return text;
  for (const char* part : {"request", "response"}) {
    const auto evidence = event->string_at(part);
    if (evidence.empty()) continue;
    text += fmt::format("\n{}\n", part);
    for (std::size_t at = 0; at < evidence.size();) {
      const std::size_t end = std::min(evidence.find('\n', at), evidence.size());
      std::string_view line = evidence.substr(at, end - at);
      if (line.ends_with('\r')) line.remove_suffix(1);
      text += "  " + output::escape_control(line) + '\n';
      at = end + 1;
    }
  }
  return text;
}

Result<int> show(const cli::Context& context) {
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true}));
  const auto issue = M8_TRY(chosen_issue(context, *store));
  std::string text;
  if (context.flags.on("jsonl")) {
    json::Writer w;
    w.object();
    issues::write_issue(w, issue);
    w.key("event");
    issue.event.empty() ? w.null() : w.raw(issue.event);
    text = w.end().take() + '\n';
  } else {
    text = show_text(issue);
  }
  output::Listing out;
  M8_TRY(out.finish(out.line(text)));
  return cli::kDone;
}

Result<int> history(const cli::Context& context) {
  auto store = M8_TRY(store::open_chosen(context.flags, {.must_exist = true}));
  const auto issue = M8_TRY(chosen_issue(context, *store));
  const bool jsonl = context.flags.on("jsonl");
  const output::Table table(
      {{"TIME", 19}, {"RUN", 6, true}, {"AUTHOR", 12}, {"WHAT", 36}, {"NOTE", 0}});
  const auto row = [&table](WallTime at, std::int64_t run, const std::string& author,
                            const std::string& what, const std::string& note) {
    return table.row(
        {output::local_seconds(at), run == 0 ? "-" : std::to_string(run), author, what, note});
  };
  output::Listing out;
  if (!jsonl) {
    M8_TRY(out.line(table.header()));
    M8_TRY(out.line(row(issue.first_seen, issue.first_run, "m8", "found", "")));
  }
  const auto each = [&](const model::IssueEvent& event) {
    if (jsonl) return out.line(issues::event_line(event));
    return out.line(row(event.at, event.run, event.author, issues::event_text(event), event.note));
  };
  M8_TRY(out.finish(store->life().for_each_event(issue.id, each)));
  return cli::kDone;
}

cli::Command list_command() {
  auto command = issue_command("issue list", "", "list the stored issues", list);
  command.detail =
      "By id, so the oldest first. An issue is what the findings of one flaw have in common over "
      "many scans: template, matcher, scheme, host, port, path and parameter names.";
  command.flags = issue_filter_flags();
  command.flags.push_back(jsonl_flag("one JSON record per issue"));
  command.flags.push_back(cli::typed(
      cli::with_default(cli::valued("Output", "limit", {}, "N", "at most so many; 0: all"), "0"),
      cli::ValueType::number(0, 1'000'000'000)));
  command.flags = store::with_store_settings(std::move(command.flags));
  return command;
}

cli::Command one_issue_command(const char* name, const char* brief,
                               Result<int> (*run)(const cli::Context&)) {
  auto command = issue_command(name, "ISSUE", brief, run);
  command.detail = "ISSUE is an id of num8 issue list, or a signature.";
  command.flags = store::with_store_settings({jsonl_flag("JSON records")});
  return command;
}

}  // namespace

std::vector<cli::Command> issue_commands() {
  return {list_command(),
          one_issue_command("issue show", "tell all of an issue, with request and response", show),
          issue_set_command(),
          issue_diff_command(),
          one_issue_command("issue history", "tell who changed an issue, when and why", history),
          issue_import_command(),
          issue_export_command()};
}

}  // namespace m8::num8
