#include "issues/record.h"

#include <fmt/format.h>

namespace m8::issues {
using model::status_name;

namespace {

void write_tags(json::Writer& w, std::string_view tags) {
  w.key("tags").array();
  while (!tags.empty()) {
    const std::size_t end = std::min(tags.find(','), tags.size());
    w.value(tags.substr(0, end));
    tags.remove_prefix(std::min(end + 1, tags.size()));
  }
  w.end();
}

void write_state(json::Writer& w, const model::IssueState& state) {
  w.object().field("status", status_name(state.status));
  w.field("severity", to_string(state.severity)).field("gone", state.gone).end();
}

}  // namespace

void write_issue(json::Writer& w, const model::Issue& issue) {
  w.field("issue", issue.id).field("status", status_name(issue.status));
  w.field("severity", to_string(issue.severity)).field("template-id", issue.template_id);
  w.field("name", issue.name).field("matcher-name", issue.matcher).field("host", issue.host);
  w.field("matched-at", issue.matched_at).field("url", issue.target);
  write_tags(w, issue.tags);
  w.field("first_seen", rfc3339(issue.first_seen)).field("last_seen", rfc3339(issue.last_seen));
  w.key("gone_since");
  issue.gone ? w.value(rfc3339(*issue.gone)) : w.null();
  w.field("first_run", issue.first_run).field("last_run", issue.last_run);
  w.field("signature", issue.signature);
}

const std::string& issue_line(json::Writer& w, const model::Issue& issue) {
  w.clear();
  w.object();
  write_issue(w, issue);
  return w.end().text();
}

std::string event_line(const model::IssueEvent& event) {
  json::Writer w;
  w.object().field("issue", event.issue).field("time", rfc3339(event.at)).field("run", event.run);
  w.field("author", event.author).field("note", event.note);
  write_state(w.key("was"), event.was);
  write_state(w.key("now"), event.now);
  return w.end().take() + '\n';
}

std::string event_text(const model::IssueEvent& event) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto& [was, now] = std::tie(event.was, event.now);
  if (was.status != now.status)
    add(fmt::format("{} -> {}", status_name(was.status), status_name(now.status)));
  if (was.severity != now.severity)
    add(fmt::format("{} -> {}", to_string(was.severity), to_string(now.severity)));
  if (was.gone != now.gone) add(now.gone ? "gone" : "back");
  return text;
}

}  // namespace m8::issues
