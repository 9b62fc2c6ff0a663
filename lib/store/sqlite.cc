// The store in one SQLite file, WAL mode.
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "store/backend.h"
#include "store/batch_order.h"
#include "store/columns.h"
#include "store/known_tags.h"
#include "store/migrate.h"
#include "store/slow_query.h"
#include "store/sql_store.h"
#include "store/sqlite_db.h"
#include "store/sqlite_hostnames.h"
#include "store/sqlite_issues.h"
#include "store/together.h"

namespace m8::store {
namespace {

constexpr std::int64_t kApplicationId = 0x6d380001;  // "m8", then the file's generation

constexpr std::string_view kDenyHostname =
    "UPDATE hostname SET live = 0, changed = ?3"
    " WHERE domain_id = (SELECT id FROM domain WHERE name = ?1) AND hostname = ?2"
    " AND live AND last_seen <= ?3";

constexpr std::string_view kAddTag =
    "INSERT INTO issue_tag (tag, template_id) VALUES (?, ?) ON CONFLICT DO NOTHING";

constexpr std::string_view kUpsertEndpoint =
    "INSERT INTO endpoint (url, hostname, ip, port, status, title, server, live, first_seen,"
    " last_seen, first_run, last_run, technologies, certificate)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?9, ?9, ?10, ?10, ?11, ?12)"
    " ON CONFLICT (url) DO UPDATE SET hostname = excluded.hostname, ip = excluded.ip,"
    " port = excluded.port,"
    " status = CASE excluded.status WHEN 0 THEN status ELSE excluded.status END,"
    " title = CASE WHEN excluded.status = 0 AND excluded.title = '' THEN title"
    " ELSE excluded.title END,"
    " server = excluded.server, live = excluded.live, last_seen = excluded.last_seen,"
    " last_run = excluded.last_run,"
    // Who looked for none knows nothing of them.
    " technologies = CASE excluded.technologies WHEN '' THEN technologies"
    " ELSE excluded.technologies END,"
    " certificate = CASE excluded.certificate WHEN '' THEN certificate"
    " ELSE excluded.certificate END";

class SqliteStore final : public SqlStore, public Together, private SchemaOwner {
 public:
  SqliteStore(std::unique_ptr<SqliteDb> db, const OpenOptions& options)
      : SqlStore(options), slow_query_(options.slow_query), db_(std::move(db)) {}

  /// Before the first use.
  Status add_batch_tables();
  Status bring_up_to_date() { return migrate(*this, migrations(), db_->path()); }

  Status upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) override;
  Status deny_hostnames(std::span<const model::Hostname> batch) override;
  Status upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) override;
  Status upsert_issues(std::int64_t run, std::span<const model::Issue> batch) override;
  std::optional<PoolStats> tend() override { return std::nullopt; }

 private:
  Result<std::int64_t> run(const Query& query, const EachRow& each) override;
  Status together(const char* what, const Work& work) override;
  Status stream(const Query& query, const EachRow& each) override;
  Status compact() override;
  Result<std::vector<std::string>> plan(const Sample& sample) override;
  std::vector<Sample> own_samples() const override;
  std::string scanned_table(std::string_view line) const override;
  std::string place() const override { return db_->path(); }
  std::span<const Migration> migrations() const override { return sqlite_migrations(); }
  Status fill_info(StoreInfo& info) override;

  Result<int> schema_version() override;
  Status apply(const Migration& step) override;
  Result<std::int64_t> pragma(std::string_view name);
  Result<std::int64_t> run_locked(const Query& query, const EachRow& each);
  template <typename Write>
  Status in_transaction(Write write);

  const std::chrono::milliseconds slow_query_;
  std::mutex mutex_;  ///< one statement at a time on the one connection
  const std::unique_ptr<SqliteDb> db_;
  KnownTags tags_;
};

Status SqliteStore::add_batch_tables() {
  M8_TRY(add_hostname_batch(*db_));
  return add_issue_batch(*db_);
}

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

Status SqliteStore::fill_info(StoreInfo& info) {
  std::lock_guard lock(mutex_);
  info.backend = fmt::format("sqlite {}", SqliteDb::version());
  info.version = M8_TRY(schema_version());
  const auto pages = M8_TRY(pragma("page_count")), page_size = M8_TRY(pragma("page_size"));
  info.bytes = static_cast<std::uint64_t>(pages * page_size);
  return {};
}

Result<std::int64_t> SqliteStore::run(const Query& query, const EachRow& each) {
  std::lock_guard lock(mutex_);
  return run_locked(query, each);
}

Result<std::int64_t> SqliteStore::run_locked(const Query& query, const EachRow& each) {
  auto statement = M8_TRY(db_->prepare(query.sql));
  for (const Value& value : query.values) statement.bind_value(value);
  // Up to the first row: what follows is also the reader's time.
  std::optional<SlowQuery> timer(std::in_place, query.sql, slow_query_);
  bool row = M8_TRY(statement.step());
  for (timer.reset(); row; row = M8_TRY(statement.step())) M8_TRY(each(statement));
  return db_->changes();
}

Status SqliteStore::stream(const Query& query, const EachRow& each) {
  M8_TRY(run(query, each));
  return {};
}

Status SqliteStore::compact() {
  std::lock_guard lock(mutex_);
  M8_TRY(db_->execute("VACUUM"));
  return db_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<std::vector<std::string>> SqliteStore::plan(const Sample& sample) {
  std::vector<std::string> lines;
  std::map<std::int64_t, std::string> indents;
  M8_TRY(run({"EXPLAIN QUERY PLAN " + sample.query.sql, {}}, [&](const Row& row) {
    const auto parent = indents.find(row.integer(1));
    const std::string indent = parent == indents.end() ? "" : parent->second + "  ";
    indents[row.integer(0)] = indent;
    lines.push_back(indent + std::string(row.text(3)));
    return Status();
  }));
  return lines;
}

std::vector<Sample> SqliteStore::own_samples() const {
  std::vector<Sample> all;
  const auto add = [&all](const char* name, std::string_view sql) {
    all.push_back({name, {std::string(sql), {}}});
  };
  for (const auto sql : HostnameWriter::statements()) add("store a hostname", sql);
  for (const auto sql : issue_statements()) add("store an issue", sql);
  add("store a tag of a template", kAddTag);
  add("store an endpoint", kUpsertEndpoint);
  add("store a denial", kDenyHostname);
  return all;
}

std::string SqliteStore::scanned_table(std::string_view line) const {
  // "SCAN issue"; with "USING INDEX" it goes along an index, in the order that was asked for.
  // "SCAN 2 CONSTANT ROWS" reads the rows of a VALUES.
  constexpr std::string_view kScan = "SCAN ";
  const std::size_t at = line.find_first_not_of(' ');
  if (at == line.npos || line.find(" USING ") != line.npos) return {};
  if (line.find(" CONSTANT ROW") != line.npos) return {};
  line.remove_prefix(at);
  if (!line.starts_with(kScan)) return {};
  if (line.find(" VIRTUAL TABLE") != line.npos) return {};  // a batch, in memory
  line.remove_prefix(kScan.size());
  const std::string table(line.substr(0, line.find(' ')));
  return table == "first" ? std::string() : table;  // a subquery's name, of one row
}

/// Runs \p write and commits.
template <typename Write>
Status SqliteStore::in_transaction(Write write) {
  std::lock_guard lock(mutex_);
  auto transaction = M8_TRY(SqliteTransaction::begin(*db_));
  M8_TRY(write());
  M8_TRY(transaction.commit());
  wrote();
  return {};
}

Status SqliteStore::together(const char*, const Work& work) {
  struct Inside final : Statements {
    explicit Inside(SqliteStore& of) : store(of) {}
    Result<std::int64_t> run(const Query& query, const EachRow& each) override {
      return store.run_locked(query, each);
    }
    Status stream(const Query& query, const EachRow& each) override {
      M8_TRY(run(query, each));
      return {};
    }
    Status compact() override { return {}; }
    void wrote() override { store.wrote(); }
    SqliteStore& store;
  };
  return in_transaction([&] {
    Inside inside(*this);
    return work(inside);
  });
}

Status SqliteStore::upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) {
  M8_TRY(db_->make_room(batch.size()));
  return in_transaction([&] { return HostnameWriter(*db_, run).write(batch); });
}

Status SqliteStore::deny_hostnames(std::span<const model::Hostname> batch) {
  M8_TRY(db_->make_room(batch.size()));
  return in_transaction([&]() -> Status {
    auto deny = M8_TRY(db_->prepare(kDenyHostname));
    for (const model::Hostname* record : sorted(batch, hostname_key)) {
      deny.bind(record->domain).bind(record->hostname).bind(to_millis(record->last_seen));
      M8_TRY(deny.run());
    }
    return {};
  });
}

Status SqliteStore::upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) {
  M8_TRY(db_->make_room(batch.size()));
  return in_transaction([&]() -> Status {
    auto upsert = M8_TRY(db_->prepare(kUpsertEndpoint));
    for (const model::Endpoint* record : sorted(batch, &model::Endpoint::url)) {
      const std::int64_t live = record->live ? 1 : 0;
      upsert.bind(record->url).bind(record->hostname).bind(record->ip);
      upsert.bind(std::int64_t{record->port}).bind(std::int64_t{record->status});
      upsert.bind(record->title).bind(record->server).bind(live);
      upsert.bind(to_millis(record->last_seen)).bind(run);
      const std::string technologies = join_lines(record->technologies);
      const std::string certificate = certificate_text(model::certificate_of(*record));
      M8_TRY(upsert.bind(technologies).bind(certificate).run());
    }
    return {};
  });
}

Status SqliteStore::upsert_issues(std::int64_t run, std::span<const model::Issue> batch) {
  M8_TRY(db_->make_room(batch.size()));
  const KnownTags::Missing tags = tags_.missing(batch);
  const Status written = in_transaction([&]() -> Status {
    auto add = M8_TRY(db_->prepare(kAddTag));
    for (const auto& [tag, template_id] : tags.rows) M8_TRY(add.bind(tag).bind(template_id).run());
    return write_issues(*db_, run, batch);
  });
  if (written.ok()) tags_.keep(tags);
  return written;
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
  if (options.create_parents && !options.must_exist) M8_TRY(create_parents(path));
  auto store = std::make_unique<SqliteStore>(
      M8_TRY(SqliteDb::open(path, options.busy_timeout, options.must_exist)), options);
  M8_TRY(store->add_batch_tables());
  if (options.migrate) M8_TRY(store->bring_up_to_date());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace m8::store
