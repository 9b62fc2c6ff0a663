#include "store/sqlite_queries.h"

namespace m8::store {

const std::string_view kInsertRun =
    "INSERT INTO run (command, arguments, version, started, ended, status, counts)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)";
const std::string_view kEndRun = "UPDATE run SET ended = ?, status = ?, counts = ? WHERE id = ?";
const std::string_view kFindRun =
    "SELECT id, command, arguments, version, started, ended, status, counts FROM run WHERE id = ?";

const std::string_view kSaveJournal =
    "INSERT INTO journal (run, key, state) VALUES (?, ?, ?)"
    " ON CONFLICT (run) DO UPDATE SET key = excluded.key, state = excluded.state";
const std::string_view kLoadJournal = "SELECT key, state FROM journal WHERE run = ?";
const std::string_view kDeleteJournal = "DELETE FROM journal WHERE run = ?";

const std::string_view kAddDomain =
    "INSERT INTO domain (name, enabled, first_seen) VALUES (?, ?, ?)"
    " ON CONFLICT (name) DO NOTHING";
const std::string_view kEnableDomain = "UPDATE domain SET enabled = ? WHERE name = ?";
const std::string_view kRemoveDomain = "DELETE FROM domain WHERE name = ?";
const std::string_view kAnyDomainEnabled = "SELECT EXISTS (SELECT 1 FROM domain WHERE enabled)";
const std::string_view kDomainId = "SELECT id FROM domain WHERE name = ?";

const std::string_view kUpsertHostname =
    "INSERT INTO hostname (domain_id, hostname, sources, first_seen, last_seen, first_run, "
    "last_run,"
    " a, aaaa, cname, resolver, wildcard, live)"
    " VALUES (?, ?, ?, ?, ?, ?6, ?6, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (domain_id, hostname) DO UPDATE SET"
    " sources = join_words(sources, excluded.sources), last_seen = excluded.last_seen,"
    " last_run = excluded.last_run, a = excluded.a, aaaa = excluded.aaaa, cname = excluded.cname,"
    " resolver = excluded.resolver, wildcard = excluded.wildcard, live = excluded.live,"
    " changed = CASE WHEN live <> excluded.live OR a <> excluded.a OR aaaa <> excluded.aaaa"
    " OR cname <> excluded.cname THEN excluded.last_seen ELSE changed END";
const std::string_view kDenyHostname =
    "UPDATE hostname SET live = 0, changed = ?3"
    " WHERE domain_id = (SELECT id FROM domain WHERE name = ?1) AND hostname = ?2"
    " AND live AND last_seen <= ?3";

const std::string_view kUpsertEndpoint =
    "INSERT INTO endpoint (url, hostname, ip, port, status, title, server, live, first_seen,"
    " last_seen, first_run, last_run)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?9, ?10, ?10)"
    " ON CONFLICT (url) DO UPDATE SET hostname = excluded.hostname, ip = excluded.ip,"
    " port = excluded.port, status = excluded.status, title = excluded.title,"
    " server = excluded.server, live = excluded.live, last_seen = excluded.last_seen,"
    " last_run = excluded.last_run";

const std::string_view kUpsertIssue =
    "INSERT INTO issue (signature, template_id, name, matcher, severity, host, matched_at, tags,"
    " status, first_seen, last_seen, first_run, last_run, event)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?12, ?12, ?)"
    " ON CONFLICT (signature) DO UPDATE SET name = excluded.name, severity = excluded.severity,"
    " host = excluded.host, matched_at = excluded.matched_at, tags = excluded.tags,"
    " status = CASE status WHEN 'R' THEN 'U' ELSE status END,"
    " last_seen = excluded.last_seen, last_run = excluded.last_run, event = excluded.event";

namespace {

// CROSS: by domain, then name, straight from the indexes, so that rows stream without a sort.
constexpr std::string_view kHostnames =
    "SELECT d.name, h.hostname, h.sources, h.first_seen, h.last_seen, h.a, h.aaaa, h.cname,"
    " h.resolver, h.wildcard, h.live"
    " FROM domain d CROSS JOIN hostname h ON h.domain_id = d.id";

// The join finds the first change after the moment: what it replaced is what was then. Names
// without a change since, nearly all, are left before it is made.
constexpr std::string_view kChanges =
    "SELECT d.name, h.hostname, h.sources, h.first_seen, h.last_seen, h.a, h.aaaa, h.cname,"
    " h.resolver, h.wildcard, h.live, c.at IS NOT NULL, c.live, c.a, c.aaaa, c.cname"
    " FROM domain d CROSS JOIN hostname h ON h.domain_id = d.id"
    " LEFT JOIN hostname_change c ON c.hostname_id = h.id AND c.at ="
    " (SELECT min(at) FROM hostname_change WHERE hostname_id = h.id AND at >= ?)";

}  // namespace

std::int64_t to_millis(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Select& Select::where(std::string_view condition, std::int64_t value) {
  (sql_ += conditions_ ? " AND " : " WHERE ") += condition;
  conditions_ = true;
  return this->value(value);
}

Select& Select::where(std::string_view condition, std::string_view value) {
  (sql_ += conditions_ ? " AND " : " WHERE ") += condition;
  conditions_ = true;
  values_.emplace_back(std::string(value));
  return *this;
}

Select& Select::value(std::int64_t value) {
  values_.emplace_back(value);
  return *this;
}

Select& Select::order(std::string_view columns, std::size_t limit) {
  (sql_ += " ORDER BY ") += columns;
  if (limit == 0) return *this;
  sql_ += " LIMIT ?";
  return value(static_cast<std::int64_t>(limit));
}

void Select::bind(SqliteStatement& statement) const {
  for (const auto& value : values_) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      statement.bind(*number);
    } else {
      statement.bind(std::string_view(std::get<std::string>(value)));
    }
  }
}

Select select_domains(const DomainFilter& filter) {
  // The condition is the partial index's own: no parameter.
  Select select(filter.enabled_only ? "SELECT name, enabled, first_seen FROM domain WHERE enabled"
                                    : "SELECT name, enabled, first_seen FROM domain");
  return select.order("name");
}

Select select_hostnames(const HostnameFilter& filter) {
  Select select(kHostnames);
  if (!filter.domain.empty()) select.where("d.name = ?", filter.domain);
  if (!filter.after.empty()) select.where("h.hostname > ?", filter.after);
  if (filter.live_only) select.where("h.live = ?", 1);
  if (filter.new_since) select.where("h.first_seen >= ?", to_millis(*filter.new_since));
  if (filter.not_seen_by != 0) select.where("h.last_run <> ?", filter.not_seen_by);
  return select.order("d.name, h.hostname", filter.limit);
}

Select select_changes(const ChangeFilter& filter) {
  const std::int64_t since = to_millis(filter.since);
  Select select(kChanges);
  select.value(since);
  if (!filter.domain.empty()) select.where("d.name = ?", filter.domain);
  select.where("max(h.first_seen, h.changed) >= ?", since);
  return select.order("d.name, h.hostname");
}

Select select_endpoints() {
  Select select(
      "SELECT url, hostname, ip, port, status, title, server, live, last_seen FROM endpoint");
  return select.order("url");
}

Select select_issues(const IssueFilter& filter) {
  Select select(
      "SELECT id, signature, template_id, name, matcher, severity, host, matched_at, tags,"
      " status, first_seen, last_seen, event FROM issue");
  if (filter.at_least) {
    select.where("severity >= ?", static_cast<std::int64_t>(*filter.at_least));
  }
  if (!filter.host.empty()) select.where("host = ?", filter.host);
  if (!filter.template_id.empty()) select.where("template_id = ?", filter.template_id);
  if (!filter.statuses.empty()) select.where("instr(?, status) > 0", filter.statuses);
  if (filter.new_since) select.where("first_seen >= ?", to_millis(*filter.new_since));
  return select.order("id");
}

Select select_runs(const RunFilter& filter) {
  Select select("SELECT id, command, arguments, version, started, ended, status, counts FROM run");
  if (!filter.command.empty()) select.where("command = ?", filter.command);
  return select.order("id DESC", filter.limit);
}

std::vector<std::pair<std::string, std::string>> sqlite_queries() {
  const auto text = [](const Select& select) { return select.sql(); };
  HostnameFilter page;
  page.domain = page.after = "x";
  page.not_seen_by = 1;
  page.limit = 1;
  const auto host_issues = [] {
    IssueFilter filter;
    filter.host = "x";
    return filter;
  };
  const auto severe_issues = [] {
    IssueFilter filter;
    filter.at_least = model::Severity::kHigh;
    return filter;
  };
  return {
      {"any domain enabled", std::string(kAnyDomainEnabled)},
      {"domains", text(select_domains({}))},
      {"domains that are enabled", text(select_domains({true}))},
      {"add a domain", std::string(kAddDomain)},
      {"enable or disable a domain", std::string(kEnableDomain)},
      {"remove a domain", std::string(kRemoveDomain)},
      {"id of a domain", std::string(kDomainId)},
      {"hostnames", text(select_hostnames({}))},
      {"hostnames, a page of those not seen by a run", text(select_hostnames(page))},
      {"store a hostname", std::string(kUpsertHostname)},
      {"a hostname is gone", std::string(kDenyHostname)},
      {"difference of hostnames", text(select_changes({}))},
      {"difference of a domain's hostnames", text(select_changes({"x", {}}))},
      {"endpoints", text(select_endpoints())},
      {"store an endpoint", std::string(kUpsertEndpoint)},
      {"issues", text(select_issues({}))},
      {"issues of a host", text(select_issues(host_issues()))},
      {"issues of a severity and above", text(select_issues(severe_issues()))},
      {"store an issue", std::string(kUpsertIssue)},
      {"runs", text(select_runs({}))},
      {"runs of a command", text(select_runs({"x", 1}))},
      {"a run", std::string(kFindRun)},
      {"begin a run", std::string(kInsertRun)},
      {"end a run", std::string(kEndRun)},
      {"save a journal", std::string(kSaveJournal)},
      {"load a journal", std::string(kLoadJournal)},
      {"forget a journal", std::string(kDeleteJournal)},
  };
}

}  // namespace m8::store
