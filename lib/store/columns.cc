#include "store/columns.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace m8::store {
namespace {

model::Severity severity_of(std::int64_t value) {
  return static_cast<model::Severity>(std::clamp<std::int64_t>(value, 0, 5));
}

model::IssueState read_state(const Row& row, int status, int severity, int gone) {
  const std::string_view letter = row.text(status);
  return {letter.empty() ? 'U' : letter.front(), severity_of(row.integer(severity)),
          row.integer(gone) != 0};
}

/// Of the columns from \p first on, the first of which tells whether there is one.
std::optional<model::EndpointState> read_endpoint_state(const Row& row, int first) {
  if (row.integer(first) == 0) return std::nullopt;
  model::EndpointState state;
  state.live = row.integer(first + 1) != 0;
  state.status = static_cast<int>(row.integer(first + 2));
  state.title = row.text(first + 3);
  state.server = row.text(first + 4);
  state.technologies = split_lines(row.text(first + 5));
  state.certificate = read_certificate(row.text(first + 6));
  return state;
}

}  // namespace

std::string join_lines(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : "\n") + text;
  return out;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string certificate_text(const model::Certificate& certificate) {
  if (certificate.sha256.empty()) return {};
  std::string text = certificate.sha256;
  for (const std::string* part : {&certificate.subject, &certificate.issuer}) {
    text += '\n';
    for (const char c : *part) text += c == '\n' ? ' ' : c;
  }
  return text + '\n' + std::to_string(to_millis(certificate.not_after));
}

model::Certificate read_certificate(std::string_view text) {
  if (text.empty()) return {};
  std::vector<std::string> parts;
  for (std::size_t end = 0; parts.size() < 4; text.remove_prefix(std::min(end + 1, text.size()))) {
    end = std::min(text.find('\n'), text.size());
    parts.emplace_back(text.substr(0, end));
  }
  std::int64_t millis = 0;
  std::from_chars(parts[3].data(), parts[3].data() + parts[3].size(), millis);
  return {parts[0], parts[1], parts[2], from_millis(millis)};
}

std::string join_words(const std::vector<std::string>& words) {
  std::string out;
  join_words(words, out);
  return out;
}

void join_words(const std::vector<std::string>& words, std::string& out) {
  out.clear();
  for (const auto& word : words) {
    if (!out.empty()) out += ' ';
    out += word;
  }
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::string counts_json(const model::Run& run) {
  json::Writer w;
  w.object();
  for (const auto& [name, count] : run.counts) w.field(name, count);
  return w.end().take();
}

model::Domain read_domain(const Row& row) {
  return {std::string(row.text(0)), row.integer(1) != 0, from_millis(row.integer(2))};
}

model::Hostname read_hostname(const Row& row) {
  model::Hostname record;
  record.domain = row.text(0);
  record.hostname = row.text(1);
  record.sources = split_words(row.text(2));
  record.first_seen = from_millis(row.integer(3));
  record.last_seen = from_millis(row.integer(4));
  record.a = split_words(row.text(5));
  record.aaaa = split_words(row.text(6));
  record.cname = split_words(row.text(7));
  record.resolver = row.text(8);
  record.wildcard = row.text(9);
  record.live = row.integer(10) != 0;
  return record;
}

std::optional<model::HostnameChange::Before> read_before(const Row& row) {
  if (row.integer(11) == 0) return std::nullopt;
  return model::HostnameChange::Before{row.integer(12) != 0, split_words(row.text(13)),
                                       split_words(row.text(14)), split_words(row.text(15))};
}

std::optional<model::HostnameChange> read_change(const Row& row, model::Hostname&& now,
                                                 WallTime since) {
  return model::change_of(std::move(now), since, read_before(row));
}

model::Endpoint read_endpoint(const Row& row) {
  model::Endpoint record;
  record.url = row.text(0);
  record.hostname = row.text(1);
  record.ip = row.text(2);
  record.port = static_cast<int>(row.integer(3));
  record.status = static_cast<int>(row.integer(4));
  record.title = row.text(5);
  record.server = row.text(6);
  record.live = row.integer(7) != 0;
  record.last_seen = from_millis(row.integer(8));
  record.technologies = split_lines(row.text(9));
  return record;
}

model::Issue read_issue(const Row& row) {
  model::Issue issue;
  read_issue(row, issue);
  return issue;
}

void read_issue(const Row& row, model::Issue& issue) {
  issue.id = row.integer(0);
  issue.signature = row.text(1);
  issue.template_id = row.text(2);
  issue.name = row.text(3);
  issue.matcher = row.text(4);
  issue.severity = severity_of(row.integer(5));
  issue.host = row.text(6);
  issue.matched_at = row.text(7);
  issue.tags = row.text(8);
  issue.status = row.text(9).empty() ? 'U' : row.text(9).front();
  issue.first_seen = from_millis(row.integer(10));
  issue.last_seen = from_millis(row.integer(11));
  issue.event = row.text(12);
  issue.target = row.text(13);
  issue.gone.reset();
  if (const std::int64_t gone = row.integer(14); gone != 0) issue.gone = from_millis(gone);
  issue.first_run = row.integer(15);
  issue.last_run = row.integer(16);
}

model::IssueEvent read_issue_event(const Row& row) {
  model::IssueEvent event;
  event.issue = row.integer(0);
  event.at = from_millis(row.integer(1));
  event.run = row.integer(2);
  event.author = row.text(3);
  event.note = row.text(4);
  event.was = read_state(row, 5, 7, 9);
  event.now = read_state(row, 6, 8, 10);
  return event;
}

std::optional<model::IssueChange> read_issue_change(const Row& row, const ChangeSpan& span) {
  std::optional<model::IssueState> before;
  if (!row.text(17).empty()) before = read_state(row, 17, 18, 19);
  model::Issue then = read_issue(row);
  if (span.until && !row.text(20).empty()) {
    const model::IssueState state = read_state(row, 20, 21, 22);
    then.status = state.status;
    then.severity = state.severity;
    then.gone.reset();
    if (state.gone) then.gone = from_millis(row.integer(22));
  }
  return model::change_of(std::move(then), span.since, before);
}

std::optional<model::EndpointChange> read_endpoint_change(const Row& row, const ChangeSpan& span) {
  model::EndpointChange change;
  change.now = read_endpoint(row);
  change.certificate = read_certificate(row.text(10));
  auto before = read_endpoint_state(row, 12);
  if (span.until) {
    if (auto then = read_endpoint_state(row, 19)) {
      change.now.live = then->live;
      change.now.status = then->status;
      change.now.title = std::move(then->title);
      change.now.server = std::move(then->server);
      change.now.technologies = std::move(then->technologies);
      change.certificate = std::move(then->certificate);
    }
  }
  return model::change_of(std::move(change), from_millis(row.integer(11)), span.since,
                          std::move(before));
}

model::Run read_run(const Row& row) {
  model::Run run;
  run.id = row.integer(0);
  run.command = row.text(1);
  run.arguments = row.text(2);
  run.version = row.text(3);
  run.started = from_millis(row.integer(4));
  run.ended = from_millis(row.integer(5));
  run.status = row.text(6);
  if (const auto counts = json::parse(row.text(7))) {
    for (const auto& [name, count] : counts->members()) {
      run.counts[name] = static_cast<std::uint64_t>(count.as_int());
    }
  }
  return run;
}

}  // namespace m8::store
