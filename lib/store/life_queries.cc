#include "store/life_queries.h"

#include <algorithm>

#include <fmt/format.h>

#include "store/columns.h"

namespace m8::store {
namespace {

std::string issue_columns(std::string_view event) {
  std::string sql =
      "i.id, i.signature, i.template_id, i.name, i.matcher, i.severity, i.host, i.matched_at,"
      " i.tags, i.status, i.first_seen, i.last_seen, ";
  return sql.append(event) + ", i.target, i.gone, i.first_run, i.last_run";
}

constexpr std::int64_t kWorthAnIndex = 3;  // medium: the partial index of the severities

/// Issues whose \p column is one of \p values, by its index, which is of those whose column is \p
/// kept, such as ">= 3". Of more than one value the ids are put in order first, not the issues, of
/// which there may be more than memory holds.
void where_among(Select& select, const std::string& column, const std::vector<Value>& values,
                 const std::string& kept) {
  if (values.size() == 1) {
    // A list, not a value: then the index beats the order by id.
    select.where_in("i." + column, values).where("i." + column + kept);
    return;
  }
  select.where("i.id IN (SELECT id FROM issue WHERE " + column);
  std::string_view before = " IN (";
  for (const Value& value : values) {
    select.append(before, value, &value == &values.back() ? ") AND " + column + kept + ")" : "");
    before = ", ";
  }
}

void where_severity(Select& select, const IssueFilter& filter) {
  std::vector<Value> values;
  std::int64_t least = static_cast<std::int64_t>(model::Severity::kCritical);
  const auto first = static_cast<std::int64_t>(filter.at_least.value_or(model::Severity{}));
  for (auto value = first; value <= static_cast<std::int64_t>(model::Severity::kCritical);
       ++value) {
    bool wanted = filter.severities.empty();
    for (const auto one : filter.severities) wanted |= static_cast<std::int64_t>(one) == value;
    if (!wanted) continue;
    values.emplace_back(value);
    least = std::min(least, value);
  }
  if (values.empty()) values.emplace_back(std::int64_t{-1});  // none at all
  if (least < kWorthAnIndex) {
    select.where_in("i.severity", values);
  } else {
    where_among(select, "severity", values, " >= 3");
  }
}

void where_status(Select& select, const std::string& statuses) {
  std::vector<Value> values;
  for (const char letter : statuses) values.emplace_back(std::string(1, letter));
  if (statuses.find('U') != statuses.npos) {
    select.where_in("i.status", values);
  } else {
    where_among(select, "status", values, " <> 'U'");
  }
}

/// SQLite's index holds a piece of each signature. One value alone it would put in the place of the
/// column, also in that piece, and the index would no longer fit: so there are two at least.
void where_signature(Select& select, const std::vector<std::string>& signatures) {
  std::vector<Value> values(signatures.begin(), signatures.end());
  values.emplace_back(signatures.back());
  select.where_in("i.signature", values);
  std::string_view before = "substr(i.signature" M8_PIECE_END " IN (substr(";
  select.where("");
  for (const Value& value : values) {
    select.append(before, value, &value == &values.back() ? M8_PIECE_END ")" : M8_PIECE_END);
    before = ", substr(";
  }
}

/// By the templates that bear the first word of \p tag; a tag of one word has no other.
void where_tag(Select& select, std::string_view tag) {
  const std::size_t begin = std::min(tag.find_first_not_of(','), tag.size());
  const std::string word(tag.substr(begin, tag.find(',', begin) - begin));
  if (!word.empty()) {
    select.where(
        "i.id IN (SELECT id FROM issue WHERE template_id IN"
        " (SELECT template_id FROM issue_tag WHERE tag = ",
        word, "))");
  }
  // Neither LIKE, whose patterns are bounded, nor a function that only one database has.
  select.where("replace(',' || i.tags || ',', ", fmt::format(",{},", tag),
               ", '') <> ',' || i.tags || ','");
}

void where_issue(Select& select, const IssueFilter& filter) {
  if (filter.at_least || !filter.severities.empty()) where_severity(select, filter);
  if (!filter.host.empty()) select.where("i.host = ", filter.host);
  if (!filter.template_id.empty()) select.where("i.template_id = ", filter.template_id);
  if (!filter.tag.empty()) where_tag(select, filter.tag);
  if (!filter.statuses.empty()) where_status(select, filter.statuses);
  if (filter.new_since) {
    // Ids rise with the first sighting: from the first id on, in its order, without a sort.
    const std::int64_t since = to_millis(*filter.new_since);
    select.where("i.id >= (SELECT min(id) FROM issue WHERE first_seen >= ", since, ")");
    select.where("i.first_seen >= ", since);
  }
  if (filter.first_before) select.where("i.first_seen < ", to_millis(*filter.first_before));
  if (filter.presence == IssueFilter::Presence::kThere) select.where("i.gone = 0");
  if (filter.presence == IssueFilter::Presence::kGone)
    select.where("i.id IN (SELECT id FROM issue WHERE gone > 0)");
  if (!filter.ids.empty())
    select.where_in("i.id", std::vector<Value>(filter.ids.begin(), filter.ids.end()));
  if (!filter.signatures.empty()) where_signature(select, filter.signatures);
  if (filter.after > 0) select.where("i.id > ", filter.after);
  if (filter.before > 0) select.where("i.id < ", filter.before);
}

/// "INSERT ... VALUES (...), (...)": as many rows as there are \p values for.
Query insert_rows(std::string_view table, std::size_t width, std::vector<Value> values) {
  std::string sql = "INSERT INTO ";
  sql.append(table).append(" VALUES ");
  for (std::size_t i = 0; i < values.size(); ++i) {
    sql += i % width != 0 ? ", $" : i == 0 ? "($" : ", ($";
    sql += std::to_string(i + 1);
    if (i % width == width - 1) sql += ')';
  }
  return {sql + " ON CONFLICT DO NOTHING", std::move(values)};
}

constexpr std::string_view kMessage =
    "id, channel, key, body, created, due, attempts, state, error";

std::vector<Sample> issue_samples() {
  IssueFilter host, severe, severities, source, tagged, status, statuses, fresh, ids, signed_so;
  host.host = source.template_id = tagged.tag = "x";
  severe.at_least = model::Severity::kCritical;
  severities.at_least = model::Severity::kHigh;
  status.statuses = "V";
  statuses.statuses = "VIF";
  fresh.new_since = WallTime{};
  ids.ids = {1, 2};
  signed_so.signatures = {"x"};
  // A tag may be that of few issues or of all, which nobody knows here: judged is that an index
  // fits.
  const char* const by_index = "SET LOCAL enable_seqscan = off";
  IssueFilter gone, minor, open, old, behind, before;
  gone.presence = IssueFilter::Presence::kGone;
  minor.severities = {model::Severity::kLow};
  open.statuses = "U";
  old.first_before = WallTime{};
  behind.after = before.before = 1;
  behind.limit = before.limit = 1;
  const ChangeSpan now{WallTime{}}, then{WallTime{}, WallTime{}};
  return {
      {"issues", select_issues({}), true, true},
      {"issues of a host", select_issues(host), false, true},
      {"issues of a severity", select_issues(severe), false, true},
      {"issues of two severities", select_issues(severities), false, true},
      {"issues of a template", select_issues(source), false, true},
      {"issues with a tag", select_issues(tagged), false, true, by_index},
      {"judge the issues with a tag", update_issues(tagged, {}), false, false, by_index},
      {"issues of a status", select_issues(status), false, true},
      {"issues of three statuses", select_issues(statuses), false, true},
      {"issues first seen since", select_issues(fresh), false, true},
      {"issues that are gone", select_issues(gone), false, true, by_index},
      {"issues, a page", select_issues(behind), false, true},
      {"issues, a page backwards", select_issues(before), false, true},
      // What nearly all of them are.
      {"issues of a low severity", select_issues(minor), true, true},
      {"issues that are unreviewed", select_issues(open), true, true},
      {"issues first seen before", select_issues(old), true, true},
      {"issues by id", select_issues(ids), false, true},
      {"issues by signature", select_issues(signed_so), false, true},
      {"issues that were judged", select_judged(), false, true},
      {"judge issues by id", update_issues(ids, {})},
      {"judge the issues of a host", update_issues(host, {})},
      {"history of an issue", select_events(1), false, true},
      {"difference of issues", select_issue_changes(now), true, true},
      {"difference of issues between two runs", select_issue_changes(then), true, true},
      {"difference of endpoints", select_endpoint_changes(now), true, true},
      {"difference of endpoints between two runs", select_endpoint_changes(then), true, true},
  };
}

}  // namespace

Query select_issues(const IssueFilter& filter) {
  Select select("SELECT " + issue_columns(filter.without_event ? "''" : "i.event") +
                " FROM issue i");
  where_issue(select, filter);
  return select.order(filter.before > 0 ? "i.id DESC" : "i.id", filter.limit);
}

Query update_issues(const IssueFilter& filter, const IssueEdit& edit) {
  const std::string status(1, edit.status);
  Select select("UPDATE issue AS i SET by_run = 0");
  select.append(", status = ", status).append(", by_at = ", to_millis(edit.at));
  select.append(", by_author = ", edit.author).append(", by_note = ", edit.note);
  select.where("i.status <> ", status);
  where_issue(select, filter);
  Query query = select.take();
  query.takes_turn = true;
  return query;
}

Query select_judged() {
  // The second condition is that of the index.
  return {"SELECT signature FROM issue WHERE status IN ('V', 'I', 'F') AND status <> 'U'", {}};
}

Query select_events(std::int64_t issue) {
  return {
      "SELECT issue_id, at, run, author, note, status_was, status, severity_was, severity,"
      " gone_was, gone FROM issue_change WHERE issue_id = $1 ORDER BY at, id",
      {issue}};
}

Query select_issue_changes(const ChangeSpan& span) {
  const std::int64_t since = to_millis(span.since);
  std::string columns =
      "SELECT " + issue_columns("''") + ", c.status_was, c.severity_was, c.gone_was";
  if (span.until) columns += ", d.status_was, d.severity_was, d.gone_was";
  Select select(columns +
                " FROM issue i LEFT JOIN issue_change c"
                " ON c.id = (SELECT id FROM issue_change WHERE issue_id = i.id");
  select.append(" AND at >= ", since, " ORDER BY at, id LIMIT 1)");
  if (span.until) {
    select.append(
        " LEFT JOIN issue_change d ON d.id = (SELECT id FROM issue_change WHERE issue_id = i.id"
        " AND at >= ",
        to_millis(*span.until), " ORDER BY at, id LIMIT 1)");
  }
  select.append(" WHERE i.id IN (SELECT id FROM issue WHERE first_seen >= ", since);
  select.append(" UNION SELECT issue_id FROM issue_change WHERE at >= ", since, ")");
  if (span.until) select.append(" AND i.first_seen < ", to_millis(*span.until));
  return select.order("i.id");
}

Query select_endpoint_changes(const ChangeSpan& span) {
  const std::int64_t since = to_millis(span.since);
  constexpr std::string_view kState = ".at IS NULL THEN 0 ELSE 1 END";
  std::string columns =
      "SELECT e.url, e.hostname, e.ip, e.port, e.status, e.title, e.server, e.live, e.last_seen,"
      " e.technologies, e.certificate, e.first_seen";
  for (const char table : std::string_view(span.until ? "cd" : "c")) {
    const std::string t = std::string(", ") + table;
    columns.append(", CASE WHEN ").append(1, table).append(kState);
    columns += t + ".live" + t + ".status" + t + ".title" + t + ".server" + t + ".technologies" +
               t + ".certificate";
  }
  Select select(columns +
                " FROM endpoint e LEFT JOIN endpoint_change c ON c.url = e.url AND c.at ="
                " (SELECT min(at) FROM endpoint_change WHERE url = e.url");
  select.append(" AND at >= ", since, ")");
  if (span.until) {
    select.append(
        " LEFT JOIN endpoint_change d ON d.url = e.url AND d.at ="
        " (SELECT min(at) FROM endpoint_change WHERE url = e.url AND at >= ",
        to_millis(*span.until), ")");
  }
  select.append(" WHERE e.url IN (SELECT url FROM endpoint WHERE first_seen >= ", since);
  select.append(" UNION SELECT url FROM endpoint_change WHERE at >= ", since, ")");
  if (span.until) select.append(" AND e.first_seen < ", to_millis(*span.until));
  return select.order("e.url");
}

Query insert_templates(std::int64_t run, std::span<const std::string> ids) {
  std::vector<Value> values;
  for (const std::string& id : ids) values.insert(values.end(), {run, id});
  return insert_rows("run_template (run, template_id)", 2, std::move(values));
}

Query insert_targets(std::int64_t run, std::span<const Piece* const> pieces) {
  std::vector<Value> values;
  for (const Piece* piece : pieces) values.insert(values.end(), {run, piece->target, piece->host});
  return insert_rows("run_target (run, target, host)", 3, std::move(values));
}

Query insert_failures(std::int64_t run, std::span<const Piece* const> pieces) {
  std::vector<Value> values;
  for (const Piece* piece : pieces)
    values.insert(values.end(), {run, piece->target, piece->template_id});
  return insert_rows("run_failure (run, target, template_id)", 3, std::move(values));
}

namespace {

/// What conclude_run() and conclude_once() do to an issue that was looked for in vain.
constexpr std::string_view kMiss =
    // missed_run: a run that was killed in its last step does it again, and misses nothing twice.
    "UPDATE issue AS i SET missed = missed + 1, missed_run = $1,"
    " gone = CASE WHEN missed + 1 >= $2 THEN $3 ELSE 0 END,"
    " status = CASE WHEN missed + 1 >= $2 AND status IN ('U', 'V') THEN 'R' ELSE status END,"
    " by_at = $3, by_run = $1, by_author = 'm8', by_note = 'no longer found'"
    " WHERE i.gone = 0 AND i.last_run <> $1 AND i.missed_run <> $1 AND i.last_seen <= $3 AND ";

}  // namespace

Query conclude_run(std::int64_t run, WallTime at, int gone_after) {
  return {std::string(kMiss) +
              "i.host IN (SELECT host FROM run_target WHERE run = $1)"
              " AND EXISTS (SELECT 1 FROM run_target t WHERE t.run = $1 AND t.target = i.target)"
              " AND EXISTS (SELECT 1 FROM run_template t WHERE t.run = $1"
              " AND t.template_id = i.template_id)"
              " AND NOT EXISTS (SELECT 1 FROM run_failure f WHERE f.run = $1"
              " AND f.target = i.target AND f.template_id = i.template_id)"
              " RETURNING gone",
          {run, std::int64_t{gone_after}, to_millis(at)},
          true};
}

Query conclude_once(std::int64_t run, WallTime at, int gone_after) {
  // "once:" to "once;": the ids that once() made.
  return {std::string(kMiss) +
              "i.template_id IN (SELECT substr(template_id, 6) FROM run_template WHERE run = $1"
              " AND template_id > 'once:' AND template_id < 'once;')"
              " AND EXISTS (SELECT 1 FROM run_target t WHERE t.run = $1 AND t.target = '')"
              " AND NOT EXISTS (SELECT 1 FROM run_failure f WHERE f.run = $1 AND f.target = ''"
              " AND f.template_id = i.template_id)"
              " RETURNING gone",
          {run, std::int64_t{gone_after}, to_millis(at)},
          true};
}

Query forget_pieces(const char* table, std::int64_t run) {
  return {std::string("DELETE FROM ") + table + " WHERE run = $1", {run}};
}

namespace {

/// Runs that are over but the last of each command.
#define M8_OLD_RUNS                    \
  "started < $1 AND ended < $1 AND id" \
  " NOT IN (SELECT max(id) FROM run GROUP BY command)"
#define M8_OLD_PIECES(table) \
  "DELETE FROM " table " WHERE run IN (SELECT id FROM run WHERE " M8_OLD_RUNS ")"

constexpr std::pair<const char*, const char*> kPruneSteps[] = {
    {"issues", "DELETE FROM issue WHERE gone > 0 AND gone < $1 AND status NOT IN ('I', 'F')"},
    {"issue changes", "DELETE FROM issue_change WHERE at < $1"},
    {"endpoints", "DELETE FROM endpoint WHERE NOT live AND last_seen < $1"},
    {"endpoint changes", "DELETE FROM endpoint_change WHERE at < $1"},
    {"hostnames", "DELETE FROM hostname WHERE NOT live AND changed < $1 AND last_seen < $1"},
    {"hostname changes", "DELETE FROM hostname_change WHERE at < $1"},
    {"messages", "DELETE FROM outbox WHERE state <> 'waiting' AND created < $1"},
    {"pieces", M8_OLD_PIECES("run_target")},
    {"pieces", M8_OLD_PIECES("run_template")},
    {"pieces", M8_OLD_PIECES("run_failure")},
    {"runs", "DELETE FROM run WHERE " M8_OLD_RUNS},
};

#undef M8_OLD_PIECES
#undef M8_OLD_RUNS

}  // namespace

std::vector<PruneStep> prune_steps(WallTime before) {
  std::vector<PruneStep> steps;
  for (const auto& [what, sql] : kPruneSteps)
    steps.push_back({what, Query{sql, {to_millis(before)}, true}});
  return steps;
}

Query insert_message(const Message& message) {
  return {
      "INSERT INTO outbox (channel, key, body, created, due) VALUES ($1, $2, $3, $4, $5)"
      " ON CONFLICT (channel, key) DO NOTHING",
      {message.channel, message.key, message.body, to_millis(message.created),
       to_millis(message.due)}};
}

Query claim_message(const std::string& channel, WallTime now, WallTime until) {
  return {
      "UPDATE outbox SET claimed = $1 WHERE id = (SELECT min(id) FROM outbox WHERE channel = $2"
      " AND state = 'waiting') AND due <= $3 AND claimed <= $3 RETURNING " +
          std::string(kMessage),
      {to_millis(until), channel, to_millis(now)}};
}

Query end_message(const Message& message) {
  return {
      "UPDATE outbox SET state = $1, error = $2, attempts = $3, due = $4, claimed = 0"
      " WHERE id = $5",
      {message.state, message.error, std::int64_t{message.attempts}, to_millis(message.due),
       message.id}};
}

Query select_messages() {
  return {"SELECT " + std::string(kMessage) + " FROM outbox ORDER BY id DESC", {}};
}

Query select_told(const std::string& channel) {
  return {"SELECT until FROM told WHERE channel = $1", {channel}};
}

Query save_told(const std::string& channel, WallTime until) {
  return {
      "INSERT INTO told (channel, until) VALUES ($1, $2)"
      " ON CONFLICT (channel) DO UPDATE SET until = excluded.until",
      {channel, to_millis(until)}};
}

std::vector<Sample> life_samples() {
  const std::string id = "x";
  const Piece piece;
  const Piece* const pieces[] = {&piece};
  std::vector<Sample> all = issue_samples();
  const std::vector<Sample> more = {
      {"add the templates of a run", insert_templates(1, {&id, 1})},
      {"add finished targets", insert_targets(1, pieces)},
      {"add failed pieces", insert_failures(1, pieces)},
      {"call issues gone", conclude_run(1, {}, 1)},
      {"call issues without a target gone", conclude_once(1, {}, 1)},
      {"forget finished targets", forget_pieces("run_target", 1)},
      {"queue a message", insert_message({})},
      {"claim a message", claim_message("x", {}, {})},
      {"end a message", end_message({})},
      {"messages", select_messages(), true, true},
      {"up to when a channel was told", select_told("x")},
      {"say that a channel was told", save_told("x", {})},
  };
  all.insert(all.end(), more.begin(), more.end());
  // Whether all is old or nothing is, nobody knows here: judged is that an index fits.
  for (PruneStep& step : prune_steps({}))
    all.push_back({std::string("prune ") + step.what, std::move(step.query), false, false,
                   "SET LOCAL enable_seqscan = off"});
  return all;
}

}  // namespace m8::store
