#include "store/queries.h"

#include "store/columns.h"
#include "store/job_samples.h"
#include "store/life_queries.h"
#include "store/pages.h"
#include "store/scan_requests.h"
#include "store/sql_samples.h"
#include "store/tokens.h"

namespace m8::store {
namespace {

constexpr std::string_view kSelectRun =
    "SELECT id, command, arguments, version, started, ended, status, counts FROM run";

// CROSS: SQLite takes the tables in this order.
constexpr std::string_view kSelectHostname =
    "SELECT d.name, h.hostname, h.sources, h.first_seen, h.last_seen, h.a, h.aaaa, h.cname,"
    " h.resolver, h.wildcard, h.live FROM domain d CROSS JOIN hostname h";

// The join finds the changes since the moment, the first of them first: what that replaced is what
// was then. Names without a change since, nearly all, are left before it is made; for new ones
// without any change, it finds nothing without looking.
constexpr std::string_view kSelectChange =
    "SELECT d.name, h.hostname, h.sources, h.first_seen, h.last_seen, h.a, h.aaaa, h.cname,"
    " h.resolver, h.wildcard, h.live,"
    " coalesce(c.at, 0), c.live, c.a, c.aaaa, c.cname"
    " FROM domain d CROSS JOIN hostname h"
    " LEFT JOIN hostname_change c ON c.hostname_id = CASE WHEN h.changed > 0 THEN h.id END"
    " AND c.at >= ";

constexpr std::string_view kSelectEndpoint =
    "SELECT url, hostname, ip, port, status, title, server, live, last_seen, technologies FROM "
    "endpoint";

std::vector<Sample> hostname_samples() {
  HostnameFilter domain, fresh, page;
  domain.domain = page.domain = page.after = "x";
  domain.live_only = true;
  fresh.new_since = WallTime{};
  page.not_seen_by = page.limit = 1;
  return {
      {"hostnames", select_hostnames({}), true, true},
      {"hostnames of a domain that are live", select_hostnames(domain), false, true},
      {"hostnames, a page of those not seen by a run", select_hostnames(page), false, true},
      {"hostnames first seen since", select_hostnames(fresh), true, true},
      {"difference of hostnames", select_changes({"", {}, {}}), true, true},
      {"difference of a domain's hostnames", select_changes({"x", {}, {}}), false, true},
      {"difference of hostnames between two runs", select_changes({"", {}, WallTime{}}), true,
       true},
  };
}

std::vector<Sample> run_samples() {
  return {
      {"runs", select_runs({}), true, true},
      {"runs of a command", select_runs({"x", 1}), false, true},
      {"a run", select_run(1)},
      {"begin a run", insert_run({})},
      {"end a run", end_run({})},
      {"save a journal", save_journal(1, {})},
      {"load a journal", load_journal(1)},
      {"forget a journal", delete_journal(1)},
  };
}

}  // namespace

Query insert_run(const model::Run& run) {
  return {
      "INSERT INTO run (command, arguments, version, started, ended, status, counts)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
      {run.command, run.arguments, run.version, to_millis(run.started), to_millis(run.ended),
       run.status, counts_json(run)}};
}

Query end_run(const model::Run& run) {
  return {"UPDATE run SET ended = $1, status = $2, counts = $3 WHERE id = $4",
          {to_millis(run.ended), run.status, counts_json(run), run.id}};
}

Query select_run(std::int64_t id) { return {std::string(kSelectRun) + " WHERE id = $1", {id}}; }

Query select_runs(const RunFilter& filter) {
  Select select(kSelectRun);
  if (!filter.command.empty()) select.where("command = ", filter.command);
  if (filter.before != 0) select.where("id < ", filter.before);
  return select.order("id DESC", filter.limit);
}

Query save_journal(std::int64_t run, const JournalState& journal) {
  return {
      "INSERT INTO journal (run, key, state) VALUES ($1, $2, $3)"
      " ON CONFLICT (run) DO UPDATE SET key = excluded.key, state = excluded.state",
      {run, journal.key, journal.state}};
}

Query load_journal(std::int64_t run) {
  return {"SELECT key, state FROM journal WHERE run = $1", {run}};
}

Query delete_journal(std::int64_t run) { return {"DELETE FROM journal WHERE run = $1", {run}}; }

Query insert_domain(const model::Domain& domain) {
  return {
      "INSERT INTO domain (name, enabled, first_seen) VALUES ($1, $2, $3)"
      " ON CONFLICT (name) DO NOTHING",
      {domain.name, std::int64_t{domain.enabled}, to_millis(domain.first_seen)}};
}

Query enable_domain(const std::string& name, bool enabled) {
  return {"UPDATE domain SET enabled = $1 WHERE name = $2", {std::int64_t{enabled}, name}};
}

Query delete_domain(const std::string& name) {
  return {"DELETE FROM domain WHERE name = $1", {name}};
}

Query any_domain_enabled() {
  // The order makes the partial index the only good way, whatever share of the domains is enabled.
  return {
      "SELECT EXISTS (SELECT 1 FROM"
      " (SELECT name FROM domain WHERE enabled ORDER BY name LIMIT 1) AS first)",
      {}};
}

Query select_domains(const DomainFilter& filter) {
  Select select("SELECT name, enabled, first_seen FROM domain");
  // The condition is the partial index's own: no parameter.
  if (filter.enabled_only) select.where("enabled");
  if (!filter.after.empty()) select.where("name > ", filter.after);
  return select.order("name", filter.limit);
}

Query select_hostnames(const HostnameFilter& filter) {
  Select select(kSelectHostname);
  select.where("h.domain_id = d.id");
  if (!filter.domain.empty()) select.where("d.name = ", filter.domain);
  if (!filter.after.empty()) select.where("h.hostname > ", filter.after);
  if (filter.live_only) select.where("h.live");
  if (filter.new_since) select.where("h.first_seen >= ", to_millis(*filter.new_since));
  if (filter.not_seen_by != 0) select.where("h.last_run <> ", filter.not_seen_by);
  if (filter.seen_by != 0) select.where("h.last_run = ", filter.seen_by);
  return select.order("d.name, h.hostname", filter.limit);
}

Query select_changes(const ChangeFilter& filter) {
  const std::int64_t since = to_millis(filter.since);
  Select select(kSelectChange);
  select.append("", since).where("h.domain_id = d.id");
  if (!filter.domain.empty()) select.where("d.name = ", filter.domain);
  if (filter.until) select.where("h.first_seen < ", to_millis(*filter.until));
  select.where("(h.first_seen >= ", since).append(" OR h.changed >= ", since, ")");
  return select.order("d.name, h.hostname, c.at");
}

Query select_endpoint(const std::string& url) {
  return {std::string(kSelectEndpoint) + " WHERE url = $1", {url}};
}

Query select_endpoints() { return Select(kSelectEndpoint).order("url"); }

std::vector<Sample> sample_queries() {
  std::vector<Sample> all = {
      {"any domain enabled", any_domain_enabled()},
      {"domains", select_domains({}), true, true},
      {"domains that are enabled", select_domains({true}), true, true},
      {"add a domain", insert_domain({})},
      {"enable or disable a domain", enable_domain("x", true)},
      {"remove a domain", delete_domain("x")},
      {"an endpoint", select_endpoint("x")},
      {"endpoints", select_endpoints(), true, true},
  };
  for (auto more : {hostname_samples(), run_samples(), life_samples(), page_samples(),
                    token_samples(), scan_request_samples(), samples_queries(), job_samples()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace m8::store
