#include "store/pg_batches.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "store/batch_order.h"
#include "store/columns.h"
#include "store/pg_batch.h"

namespace m8::store {
namespace {

const PgBatchPlan kHostnames{
    "m8_hostname_batch",
    "domain_id bigint, hostname text, sources text, first_seen bigint, last_seen bigint,"
    " run bigint, a text, aaaa text, cname text, resolver text, wildcard text, live boolean",
    12,
    "INSERT INTO hostname AS h (domain_id, hostname, sources, first_seen, last_seen, first_run,"
    " last_run, a, aaaa, cname, resolver, wildcard, live)"
    " SELECT domain_id, hostname, sources, first_seen, last_seen, run, run, a, aaaa, cname,"
    " resolver, wildcard, live FROM m8_hostname_batch"
    " ON CONFLICT (domain_id, hostname) DO UPDATE SET"
    " sources = CASE WHEN h.sources = excluded.sources THEN h.sources"
    " ELSE m8_join_words(h.sources, excluded.sources) END,"
    " last_seen = excluded.last_seen, last_run = excluded.last_run, a = excluded.a,"
    " aaaa = excluded.aaaa, cname = excluded.cname, resolver = excluded.resolver,"
    " wildcard = excluded.wildcard, live = excluded.live,"
    " changed = CASE WHEN h.live <> excluded.live OR h.a <> excluded.a OR h.aaaa <> excluded.aaaa"
    " OR h.cname <> excluded.cname THEN excluded.last_seen ELSE h.changed END"};

const PgBatchPlan kEndpoints{
    "m8_endpoint_batch",
    "url text, hostname text, ip text, port bigint, status bigint, title text, server text,"
    " live boolean, seen bigint, run bigint, technologies text, certificate text",
    12,
    "INSERT INTO endpoint AS e (url, hostname, ip, port, status, title, server, live, first_seen,"
    " last_seen, first_run, last_run, technologies, certificate)"
    " SELECT url, hostname, ip, port, status, title, server, live, seen, seen, run, run,"
    " technologies, certificate"
    " FROM m8_endpoint_batch"
    " ON CONFLICT (url) DO UPDATE SET hostname = excluded.hostname, ip = excluded.ip,"
    " port = excluded.port,"
    " status = CASE excluded.status WHEN 0 THEN e.status ELSE excluded.status END,"
    " title = CASE WHEN excluded.status = 0 AND excluded.title = '' THEN e.title"
    " ELSE excluded.title END,"
    " server = excluded.server, live = excluded.live, last_seen = excluded.last_seen,"
    " last_run = excluded.last_run,"
    " technologies = CASE excluded.technologies WHEN '' THEN e.technologies"
    " ELSE excluded.technologies END,"
    " certificate = CASE excluded.certificate WHEN '' THEN e.certificate"
    " ELSE excluded.certificate END"};

// Known ones first: an INSERT that ends in a conflict would use up an id. Without the settings each
// batch would be hashed against the whole table, which takes longer the more there is in it,
// and sorted on disk.
const PgBatchPlan kIssues{
    "m8_issue_batch",
    "place bigint, signature text, template_id text, name text, matcher text, severity bigint,"
    " host text, matched_at text, tags text, status text, first_seen bigint, last_seen bigint,"
    " run bigint, event text, target text",
    15,
    "SET LOCAL enable_hashjoin = off;SET LOCAL enable_mergejoin = off;"
    "SET LOCAL work_mem = '64MB';"
    "UPDATE issue AS i SET name = b.name, severity = b.severity, host = b.host,"
    " matched_at = b.matched_at, tags = b.tags,"
    " status = CASE i.status WHEN 'R' THEN 'U' ELSE i.status END, last_seen = b.last_seen,"
    " last_run = b.run, event = b.event, target = b.target, gone = 0, missed = 0,"
    " by_at = b.last_seen, by_run = b.run, by_author = 'm8', by_note = ''"
    " FROM m8_issue_batch b WHERE b.signature = i.signature;"
    "INSERT INTO issue AS i (signature, template_id, name, matcher, severity, host, matched_at,"
    " tags, status, first_seen, last_seen, first_run, last_run, event, target)"
    " SELECT signature, template_id, name, matcher, severity, host, matched_at, tags, status,"
    " first_seen, last_seen, run, run, event, target FROM m8_issue_batch b"
    " WHERE NOT EXISTS (SELECT FROM issue WHERE signature = b.signature) ORDER BY place"
    " ON CONFLICT (signature) DO UPDATE SET name = excluded.name, severity = excluded.severity,"
    " host = excluded.host, matched_at = excluded.matched_at, tags = excluded.tags,"
    " status = CASE i.status WHEN 'R' THEN 'U' ELSE i.status END,"
    " last_seen = excluded.last_seen, last_run = excluded.last_run, event = excluded.event,"
    " target = excluded.target, gone = 0, missed = 0, by_at = excluded.last_seen,"
    " by_run = excluded.last_run, by_author = 'm8', by_note = ''"};

constexpr std::string_view kDeny =
    "UPDATE hostname AS h SET live = FALSE, changed = denied.seen"
    " FROM unnest($1::text[], $2::text[], $3::bigint[]) AS denied (domain, hostname, seen)"
    " JOIN domain d ON d.name = denied.domain"
    " WHERE h.domain_id = d.id AND h.hostname = denied.hostname AND h.live"
    " AND h.last_seen <= denied.seen";

constexpr std::string_view kAddTags =
    "INSERT INTO issue_tag (tag, template_id) SELECT * FROM unnest($1::text[], $2::text[])"
    " ON CONFLICT DO NOTHING";

/// A text for a parameter of type text[] or bigint[].
class ArrayText {
 public:
  void add(std::string_view item) {
    text_ += text_.size() > 1 ? ",\"" : "\"";
    for (const char c : item) {
      if (c == '"' || c == '\\') text_ += '\\';
      text_ += c;
    }
    text_ += '"';
  }
  void add(std::int64_t item) { add(std::to_string(item)); }
  std::string take() { return std::move(text_) + '}'; }

 private:
  std::string text_ = "{";
};

using DomainIds = std::map<std::string, std::int64_t, std::less<>>;

/// Fills in the ids of the domains that are there, and keeps them from being removed until the end
/// of the transaction.
Status find_domains(PgConnection& connection, DomainIds& ids) {
  ArrayText names;
  for (const auto& [name, id] : ids) names.add(clean_text(name));
  const PgResult found = M8_TRY(connection.run(
      {"SELECT name, id FROM domain WHERE name = ANY($1::text[]) ORDER BY name FOR KEY SHARE",
       {names.take()}}));
  DomainIds by_clean_name;
  M8_TRY(found.for_each([&](const Row& row) {
    by_clean_name[std::string(row.text(0))] = row.integer(1);
    return Status();
  }));
  for (auto& [name, id] : ids) {
    const auto it = by_clean_name.find(clean_text(name));
    if (it != by_clean_name.end()) id = it->second;
  }
  return {};
}

/// The ids of all domains of \p batch; those that are new are added.
Result<DomainIds> domain_ids(PgConnection& connection, std::span<const model::Hostname> batch) {
  DomainIds ids;
  std::map<std::string_view, WallTime> seen;
  for (const model::Hostname& record : batch) {
    if (ids.try_emplace(record.domain, 0).second) seen[record.domain] = record.first_seen;
  }
  M8_TRY(find_domains(connection, ids));
  ArrayText names, times;
  bool missing = false;
  for (const auto& [name, id] : ids) {
    if (id != 0) continue;
    missing = true;
    names.add(clean_text(name));
    times.add(to_millis(seen[name]));
  }
  if (!missing) return ids;
  M8_TRY(
      connection.run({"INSERT INTO domain (name, enabled, first_seen)"
                      " SELECT name, TRUE, seen FROM unnest($1::text[], $2::bigint[])"
                      " AS new (name, seen) ON CONFLICT (name) DO NOTHING",
                      {names.take(), times.take()}}));
  M8_TRY(find_domains(connection, ids));
  return ids;
}

/// Makes \p record what storing it and then \p later would have made of it.
void merge(model::Hostname& record, const model::Hostname& later) {
  std::vector<std::string> sources = std::move(record.sources);
  for (const std::string& word : later.sources) {
    if (std::find(sources.begin(), sources.end(), word) == sources.end()) sources.push_back(word);
  }
  const WallTime first_seen = record.first_seen;
  record = later;
  record.first_seen = first_seen;
  record.sources = std::move(sources);
}

void merge(model::Endpoint& record, const model::Endpoint& later) { record = later; }

void merge(model::Issue& record, const model::Issue& later) {
  const model::Issue first = std::move(record);
  record = later;
  record.template_id = first.template_id;
  record.matcher = first.matcher;
  record.first_seen = first.first_seen;
  record.status = first.status == 'R' ? 'U' : first.status;
}

/// Gives the records of \p order to \p write, neighbours with the same key as one: a statement may
/// meet a row only once.
template <typename Record, typename Same, typename Write>
Status each_once(const std::vector<const Record*>& order, Same same, Write write) {
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && same(*order[i], *order[end])) ++end;
    if (end == i + 1) {
      M8_TRY(write(*order[i]));
    } else {
      Record merged = *order[i];
      for (std::size_t j = i + 1; j < end; ++j) merge(merged, *order[j]);
      M8_TRY(write(merged));
    }
    i = end;
  }
  return {};
}

/// The statements that \p plan merges with, one sample each.
void add_samples(const char* name, const PgBatchPlan& plan, std::vector<Sample>& all) {
  std::string before = PgBatch::table_sql(plan);
  std::string_view rest = plan.merge;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string sql(rest.substr(0, end));
    if (sql.starts_with("SET ")) {
      before += ';' + sql;
    } else {
      all.push_back({name, {sql, {}}, false, false, before});
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

}  // namespace

std::vector<Sample> batch_samples() {
  std::vector<Sample> all;
  add_samples("store a batch of hostnames", kHostnames, all);
  add_samples("store a batch of endpoints", kEndpoints, all);
  add_samples("store a batch of issues", kIssues, all);
  all.push_back({"store tags of templates", {std::string(kAddTags), {"{}", "{}"}}});
  all.push_back({"store a batch of denials", {std::string(kDeny), {"{}", "{}", "{}"}}});
  return all;
}

Status take_issue_turn(PgConnection& connection) {
  // ("m8", issues)
  M8_TRY(connection.execute("SELECT pg_advisory_xact_lock(27961)"));
  return {};
}

Status write_hostnames(PgConnection& connection, std::int64_t run,
                       std::span<const model::Hostname> batch) {
  const DomainIds ids = M8_TRY(domain_ids(connection, batch));
  PgBatch rows = M8_TRY(PgBatch::begin(connection, kHostnames));
  const auto same = [](const model::Hostname& a, const model::Hostname& b) {
    return a.hostname == b.hostname && a.domain == b.domain;
  };
  const auto write = [&](const model::Hostname& record) -> Status {
    M8_TRY(rows.row());
    rows.integer(ids.find(record.domain)->second).text(record.hostname);
    rows.text(join_words(record.sources)).integer(to_millis(record.first_seen));
    rows.integer(to_millis(record.last_seen)).integer(run).text(join_words(record.a));
    rows.text(join_words(record.aaaa)).text(join_words(record.cname)).text(record.resolver);
    rows.text(record.wildcard).boolean(record.live);
    return {};
  };
  M8_TRY(each_once(sorted(batch, hostname_key), same, write));
  return rows.end();
}

Status write_denials(PgConnection& connection, std::span<const model::Hostname> batch) {
  ArrayText domains, names, times;
  for (const model::Hostname* record : sorted(batch, hostname_key)) {
    domains.add(clean_text(record->domain));
    names.add(clean_text(record->hostname));
    times.add(to_millis(record->last_seen));
  }
  M8_TRY(connection.run({std::string(kDeny), {domains.take(), names.take(), times.take()}}));
  return {};
}

Status write_endpoints(PgConnection& connection, std::int64_t run,
                       std::span<const model::Endpoint> batch) {
  PgBatch rows = M8_TRY(PgBatch::begin(connection, kEndpoints));
  const auto same = [](const model::Endpoint& a, const model::Endpoint& b) {
    return a.url == b.url;
  };
  const auto write = [&](const model::Endpoint& record) -> Status {
    M8_TRY(rows.row());
    rows.text(record.url).text(record.hostname).text(record.ip).integer(record.port);
    rows.integer(record.status).text(record.title).text(record.server).boolean(record.live);
    rows.integer(to_millis(record.last_seen)).integer(run).text(join_lines(record.technologies));
    rows.text(certificate_text(model::certificate_of(record)));
    return {};
  };
  M8_TRY(each_once(sorted(batch, &model::Endpoint::url), same, write));
  return rows.end();
}

Status add_tags(PgConnection& connection, std::span<const TemplateTag> tags) {
  ArrayText names, templates;
  for (const TemplateTag& row : tags) {
    names.add(clean_text(row.tag));
    templates.add(clean_text(row.template_id));
  }
  M8_TRY(connection.run({std::string(kAddTags), {names.take(), templates.take()}}));
  return {};
}

Status write_issues(PgConnection& connection, std::int64_t run, std::span<const model::Issue> batch,
                    std::span<const TemplateTag> tags) {
  M8_TRY(take_issue_turn(connection));
  if (!tags.empty()) M8_TRY(add_tags(connection, tags));
  PgBatch rows = M8_TRY(PgBatch::begin(connection, kIssues));
  std::map<std::string_view, std::int64_t> places;  // their order gives the ids
  for (const model::Issue& issue : batch)
    places.try_emplace(issue.signature, static_cast<std::int64_t>(places.size()));
  const auto same = [](const model::Issue& a, const model::Issue& b) {
    return a.signature == b.signature;
  };
  const auto write = [&](const model::Issue& issue) -> Status {
    M8_TRY(rows.row());
    rows.integer(places[issue.signature]).text(issue.signature).text(issue.template_id);
    rows.text(issue.name).text(issue.matcher).integer(static_cast<std::int64_t>(issue.severity));
    rows.text(issue.host).text(issue.matched_at).text(issue.tags);
    rows.text(std::string_view(&issue.status, 1)).integer(to_millis(issue.first_seen));
    rows.integer(to_millis(issue.last_seen)).integer(run).text(issue.event);
    rows.text(issue.target);
    return {};
  };
  M8_TRY(each_once(sorted(batch, &model::Issue::signature), same, write));
  return rows.end();
}

}  // namespace m8::store
