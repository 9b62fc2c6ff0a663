// The store in one SQLite file, WAL mode.
#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <tuple>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "store/backend.h"
#include "store/migrate.h"
#include "store/sqlite_db.h"

namespace m8::store {
namespace {

constexpr std::int64_t kApplicationId = 0x6d380001;  // "m8", then the file's generation

constexpr std::string_view kUpsertHostname =
    "INSERT INTO hostname (domain_id, hostname, sources, first_seen, last_seen, first_run, "
    "last_run,"
    " a, aaaa, cname, resolver, wildcard, live)"
    " VALUES (?, ?, ?, ?, ?, ?6, ?6, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (domain_id, hostname) DO UPDATE SET"
    " sources = join_words(sources, excluded.sources), last_seen = excluded.last_seen,"
    " last_run = excluded.last_run, a = excluded.a, aaaa = excluded.aaaa, cname = excluded.cname,"
    " resolver = excluded.resolver, wildcard = excluded.wildcard, live = excluded.live";

constexpr std::string_view kUpsertEndpoint =
    "INSERT INTO endpoint (url, hostname, ip, port, status, title, server, live, first_seen,"
    " last_seen, first_run, last_run)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?9, ?10, ?10)"
    " ON CONFLICT (url) DO UPDATE SET hostname = excluded.hostname, ip = excluded.ip,"
    " port = excluded.port, status = excluded.status, title = excluded.title,"
    " server = excluded.server, live = excluded.live, last_seen = excluded.last_seen,"
    " last_run = excluded.last_run";

constexpr std::string_view kUpsertIssue =
    "INSERT INTO issue (signature, template_id, name, matcher, severity, host, matched_at, tags,"
    " status, first_seen, last_seen, first_run, last_run, event)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?12, ?12, ?)"
    " ON CONFLICT (signature) DO UPDATE SET name = excluded.name, severity = excluded.severity,"
    " host = excluded.host, matched_at = excluded.matched_at, tags = excluded.tags,"
    " status = CASE status WHEN 'R' THEN 'U' ELSE status END,"
    " last_seen = excluded.last_seen, last_run = excluded.last_run, event = excluded.event";

std::int64_t to_millis(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime from_millis(std::int64_t millis) { return WallTime(std::chrono::milliseconds(millis)); }

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

std::vector<std::string> split(std::string_view text) {
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

/// A WHERE clause that grows by conditions, each with its values.
class Where {
 public:
  void add(std::string_view condition, std::int64_t value) { append(condition, value); }
  void add(std::string_view condition, std::string_view value) {
    append(condition, std::string(value));
  }
  const std::string& text() const { return text_; }
  void bind(SqliteStatement& statement) const {
    for (const auto& value : values_) {
      if (const auto* number = std::get_if<std::int64_t>(&value)) {
        statement.bind(*number);
      } else {
        statement.bind(std::string_view(std::get<std::string>(value)));
      }
    }
  }

 private:
  void append(std::string_view condition, std::variant<std::int64_t, std::string> value) {
    text_ += values_.empty() ? " WHERE " : " AND ";
    text_ += condition;
    values_.push_back(std::move(value));
  }
  std::string text_;
  std::vector<std::variant<std::int64_t, std::string>> values_;
};

model::Hostname read_hostname(const SqliteStatement& row) {
  model::Hostname record;
  record.domain = row.text(0);
  record.hostname = row.text(1);
  record.sources = split(row.text(2));
  record.first_seen = from_millis(row.integer(3));
  record.last_seen = from_millis(row.integer(4));
  record.a = split(row.text(5));
  record.aaaa = split(row.text(6));
  record.cname = split(row.text(7));
  record.resolver = row.text(8);
  record.wildcard = row.text(9);
  record.live = row.integer(10) != 0;
  return record;
}

model::Endpoint read_endpoint(const SqliteStatement& row) {
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
  return record;
}

model::Issue read_issue(const SqliteStatement& row) {
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

model::Domain read_domain(const SqliteStatement& row) {
  return {std::string(row.text(0)), row.integer(1) != 0, from_millis(row.integer(2))};
}

model::Run read_run(const SqliteStatement& row) {
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

/// The records of a batch in the order of their key: neighbours lie on the same pages.
template <typename Record, typename Key>
std::vector<const Record*> sorted(std::span<const Record> batch, Key key) {
  std::vector<const Record*> order;
  order.reserve(batch.size());
  for (const Record& record : batch) order.push_back(&record);
  std::stable_sort(order.begin(), order.end(), [&key](const Record* a, const Record* b) {
    return std::invoke(key, *a) < std::invoke(key, *b);
  });
  return order;
}

auto hostname_key(const model::Hostname& record) {
  return std::tie(record.domain, record.hostname);
}

class SqliteStore final : public Store, private SchemaOwner {
 public:
  explicit SqliteStore(std::unique_ptr<SqliteDb> db) : db_(std::move(db)) {}

  Status bring_up_to_date() { return migrate(*this, sqlite_migrations(), db_->path()); }

  Result<std::int64_t> begin_run(const model::Run& run) override;
  Status end_run(const model::Run& run) override;
  Status add_domain(const model::Domain& domain) override;
  Result<bool> any_domain_enabled() override;
  Status upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) override;
  Status upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) override;
  Status upsert_issues(std::int64_t run, std::span<const model::Issue> batch) override;
  Status for_each_domain(const Each<model::Domain>& each) override;
  Status for_each_hostname(const HostnameFilter& filter,
                           const Each<model::Hostname>& each) override;
  Status for_each_endpoint(const Each<model::Endpoint>& each) override;
  Status for_each_issue(const IssueFilter& filter, const Each<model::Issue>& each) override;
  Status for_each_run(const Each<model::Run>& each) override;

 private:
  Result<int> schema_version() override;
  Status apply(const Migration& step) override;
  Result<std::int64_t> pragma(std::string_view name);
  Result<std::int64_t> domain_id(const std::string& name, WallTime seen);
  template <typename Record>
  Status read(const std::string& sql, const Where& where,
              Record (*read_row)(const SqliteStatement&), const Each<Record>& each);

  std::mutex mutex_;  ///< one statement at a time on the one connection
  const std::unique_ptr<SqliteDb> db_;
};

Result<std::int64_t> SqliteStore::pragma(std::string_view name) {
  auto statement = M8_TRY(db_->prepare(fmt::format("PRAGMA {}", name)));
  M8_TRY(statement.step());
  return statement.integer(0);
}

Result<int> SqliteStore::schema_version() {
  const auto version = M8_TRY(pragma("user_version"));
  const auto application = M8_TRY(pragma("application_id"));
  auto tables = M8_TRY(db_->prepare("SELECT count(*) FROM sqlite_master"));
  M8_TRY(tables.step());
  const bool empty = version == 0 && application == 0 && tables.integer(0) == 0;
  if (!empty && application != kApplicationId) {
    return Error{ErrorCode::kInvalidArgument, db_->path() + ": a database of another program"};
  }
  return static_cast<int>(version);
}

Status SqliteStore::apply(const Migration& step) {
  auto transaction = M8_TRY(SqliteTransaction::begin(*db_));
  if (M8_TRY(pragma("user_version")) >= step.version) return {};
  M8_TRY(db_->execute(step.sql));
  M8_TRY(db_->execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                  kApplicationId, step.version)
                          .c_str()));
  return transaction.commit();
}

Result<std::int64_t> SqliteStore::begin_run(const model::Run& run) {
  std::lock_guard lock(mutex_);
  auto insert = M8_TRY(
      db_->prepare("INSERT INTO run (command, arguments, version, started, ended, status, counts)"
                   " VALUES (?, ?, ?, ?, ?, ?, ?)"));
  const std::string counts = counts_json(run);
  insert.bind(run.command).bind(run.arguments).bind(run.version).bind(to_millis(run.started));
  insert.bind(to_millis(run.ended)).bind(run.status).bind(counts);
  M8_TRY(insert.run());
  return db_->last_id();
}

Status SqliteStore::end_run(const model::Run& run) {
  std::lock_guard lock(mutex_);
  auto update =
      M8_TRY(db_->prepare("UPDATE run SET ended = ?, status = ?, counts = ? WHERE id = ?"));
  const std::string counts = counts_json(run);
  M8_TRY(update.bind(to_millis(run.ended)).bind(run.status).bind(counts).bind(run.id).run());
  if (db_->changes() == 1) return {};
  return Error{ErrorCode::kNotFound, fmt::format("{}: no run {}", db_->path(), run.id)};
}

Status SqliteStore::add_domain(const model::Domain& domain) {
  std::lock_guard lock(mutex_);
  auto insert =
      M8_TRY(db_->prepare("INSERT INTO domain (name, enabled, first_seen) VALUES (?, ?, ?)"
                          " ON CONFLICT (name) DO UPDATE SET enabled = excluded.enabled"));
  const std::int64_t enabled = domain.enabled ? 1 : 0;
  return insert.bind(domain.name).bind(enabled).bind(to_millis(domain.first_seen)).run();
}

Result<bool> SqliteStore::any_domain_enabled() {
  std::lock_guard lock(mutex_);
  auto select = M8_TRY(db_->prepare("SELECT EXISTS (SELECT 1 FROM domain WHERE enabled)"));
  M8_TRY(select.step());
  return select.integer(0) != 0;
}

Result<std::int64_t> SqliteStore::domain_id(const std::string& name, WallTime seen) {
  auto select = M8_TRY(db_->prepare("SELECT id FROM domain WHERE name = ?"));
  if (M8_TRY(select.bind(name).step())) return select.integer(0);
  auto insert =
      M8_TRY(db_->prepare("INSERT INTO domain (name, enabled, first_seen) VALUES (?, 1, ?)"));
  M8_TRY(insert.bind(name).bind(to_millis(seen)).run());
  return db_->last_id();
}

Status SqliteStore::upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) {
  std::lock_guard lock(mutex_);
  auto transaction = M8_TRY(SqliteTransaction::begin(*db_));
  {
    std::map<std::string, std::int64_t> domains;
    auto upsert = M8_TRY(db_->prepare(kUpsertHostname));
    for (const model::Hostname* record : sorted(batch, hostname_key)) {
      auto domain = domains.find(record->domain);
      if (domain == domains.end()) {
        const auto id = M8_TRY(domain_id(record->domain, record->first_seen));
        domain = domains.emplace(record->domain, id).first;
      }
      const std::string sources = join(record->sources), cname = join(record->cname);
      const std::string a = join(record->a), aaaa = join(record->aaaa);
      const std::int64_t live = record->live ? 1 : 0;
      upsert.bind(domain->second).bind(record->hostname).bind(sources);
      upsert.bind(to_millis(record->first_seen)).bind(to_millis(record->last_seen)).bind(run);
      upsert.bind(a).bind(aaaa).bind(cname).bind(record->resolver).bind(record->wildcard);
      M8_TRY(upsert.bind(live).run());
    }
  }
  return transaction.commit();
}

Status SqliteStore::upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) {
  std::lock_guard lock(mutex_);
  auto transaction = M8_TRY(SqliteTransaction::begin(*db_));
  {
    auto upsert = M8_TRY(db_->prepare(kUpsertEndpoint));
    for (const model::Endpoint* record : sorted(batch, &model::Endpoint::url)) {
      const std::int64_t live = record->live ? 1 : 0;
      upsert.bind(record->url).bind(record->hostname).bind(record->ip);
      upsert.bind(std::int64_t{record->port}).bind(std::int64_t{record->status});
      upsert.bind(record->title).bind(record->server).bind(live);
      M8_TRY(upsert.bind(to_millis(record->last_seen)).bind(run).run());
    }
  }
  return transaction.commit();
}

Status SqliteStore::upsert_issues(std::int64_t run, std::span<const model::Issue> batch) {
  std::lock_guard lock(mutex_);
  auto transaction = M8_TRY(SqliteTransaction::begin(*db_));
  {
    auto upsert = M8_TRY(db_->prepare(kUpsertIssue));
    for (const model::Issue& issue : batch) {  // in their order, which gives the ids
      const std::string_view status(&issue.status, 1);
      upsert.bind(issue.signature).bind(issue.template_id).bind(issue.name).bind(issue.matcher);
      upsert.bind(static_cast<std::int64_t>(issue.severity)).bind(issue.host);
      upsert.bind(issue.matched_at).bind(issue.tags).bind(status);
      upsert.bind(to_millis(issue.first_seen)).bind(to_millis(issue.last_seen)).bind(run);
      M8_TRY(upsert.bind(issue.event).run());
    }
  }
  return transaction.commit();
}

template <typename Record>
Status SqliteStore::read(const std::string& sql, const Where& where,
                         Record (*read_row)(const SqliteStatement&), const Each<Record>& each) {
  std::lock_guard lock(mutex_);
  auto select = M8_TRY(db_->prepare(sql));
  where.bind(select);
  while (M8_TRY(select.step())) M8_TRY(each(read_row(select)));
  return {};
}

Status SqliteStore::for_each_domain(const Each<model::Domain>& each) {
  return read("SELECT name, enabled, first_seen FROM domain ORDER BY name", {}, read_domain, each);
}

Status SqliteStore::for_each_hostname(const HostnameFilter& filter,
                                      const Each<model::Hostname>& each) {
  Where where;
  if (!filter.domain.empty()) where.add("d.name = ?", filter.domain);
  if (filter.live_only) where.add("h.live = ?", 1);
  if (filter.new_since) where.add("h.first_seen >= ?", to_millis(*filter.new_since));
  return read(
      // CROSS: by domain, then name, straight from the indexes, so that rows stream without a sort.
      "SELECT d.name, h.hostname, h.sources, h.first_seen, h.last_seen, h.a, h.aaaa, h.cname,"
      " h.resolver, h.wildcard, h.live"
      " FROM domain d CROSS JOIN hostname h ON h.domain_id = d.id" +
          where.text() + " ORDER BY d.name, h.hostname",
      where, read_hostname, each);
}

Status SqliteStore::for_each_endpoint(const Each<model::Endpoint>& each) {
  return read(
      "SELECT url, hostname, ip, port, status, title, server, live, last_seen"
      " FROM endpoint ORDER BY url",
      {}, read_endpoint, each);
}

Status SqliteStore::for_each_issue(const IssueFilter& filter, const Each<model::Issue>& each) {
  Where where;
  if (filter.at_least) where.add("severity >= ?", static_cast<std::int64_t>(*filter.at_least));
  if (!filter.host.empty()) where.add("host = ?", filter.host);
  if (!filter.template_id.empty()) where.add("template_id = ?", filter.template_id);
  if (!filter.statuses.empty()) where.add("instr(?, status) > 0", filter.statuses);
  if (filter.new_since) where.add("first_seen >= ?", to_millis(*filter.new_since));
  return read(
      "SELECT id, signature, template_id, name, matcher, severity, host, matched_at, tags,"
      " status, first_seen, last_seen, event FROM issue" +
          where.text() + " ORDER BY id",
      where, read_issue, each);
}

Status SqliteStore::for_each_run(const Each<model::Run>& each) {
  return read(
      "SELECT id, command, arguments, version, started, ended, status, counts"
      " FROM run ORDER BY id DESC",
      {}, read_run, each);
}

/// Makes the missing directories above \p path, for this user alone.
Status create_parents(const std::filesystem::path& path) {
  const auto parent = path.parent_path();
  std::error_code error;
  if (parent.empty() || std::filesystem::exists(parent, error)) return {};
  M8_TRY(create_parents(parent));
  if (std::filesystem::create_directory(parent, error)) {
    std::filesystem::permissions(parent, std::filesystem::perms::owner_all, error);
  }
  if (!error) return {};
  return Error{ErrorCode::kIo, fmt::format("{}: {}", parent.string(), error.message())};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, const OpenOptions& options) {
  if (path.empty()) return Error{ErrorCode::kInvalidArgument, "store: empty path"};
  if (options.create_parents) M8_TRY(create_parents(path));
  auto store = std::make_unique<SqliteStore>(M8_TRY(SqliteDb::open(path, options.busy_timeout)));
  M8_TRY(store->bring_up_to_date());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace m8::store
