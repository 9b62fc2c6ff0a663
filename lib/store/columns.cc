#include "store/columns.h"

#include <algorithm>

#include "base/json.h"

namespace m8::store {

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

std::optional<model::HostnameChange> read_change(const Row& row, WallTime since) {
  std::optional<model::HostnameChange::Before> before;
  if (row.integer(11) != 0) {
    before = {row.integer(12) != 0, split_words(row.text(13)), split_words(row.text(14)),
              split_words(row.text(15))};
  }
  return model::change_of(read_hostname(row), since, std::move(before));
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
  issue.id = row.integer(0);
  issue.signature = row.text(1);
  issue.template_id = row.text(2);
  issue.name = row.text(3);
  issue.matcher = row.text(4);
  issue.severity = static_cast<model::Severity>(std::clamp<std::int64_t>(row.integer(5), 0, 5));
  issue.host = row.text(6);
  issue.matched_at = row.text(7);
  issue.tags = row.text(8);
  issue.status = row.text(9).empty() ? 'U' : row.text(9).front();
  issue.first_seen = from_millis(row.integer(10));
  issue.last_seen = from_millis(row.integer(11));
  issue.event = row.text(12);
  return issue;
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
