// The store in a PostgreSQL database, through a pool of connections.
#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "net/shown_url.h"
#include "store/backend.h"
#include "store/migrate.h"
#include "store/pg_batches.h"
#include "store/pg_connection.h"
#include "store/pool.h"
#include "store/slow_query.h"
#include "store/sql_store.h"
#include "store/store_metrics.h"
#include "store/together.h"

namespace m8::store {
namespace {

// Two programs that migrate at once take turns by this advisory lock ("m8").
constexpr const char* kMigrationLock = "SELECT pg_advisory_xact_lock(27960)";
constexpr int kAttempts = 3;
constexpr std::size_t kFetchBytes = 1u << 20;
constexpr std::size_t kFetchRows = 2'000;

class PgConnector final : public Connector {
 public:
  explicit PgConnector(PgTarget target) : target_(std::move(target)) {}
  Result<std::unique_ptr<PooledConnection>> connect() override {
    return std::unique_ptr<PooledConnection>(M8_TRY(PgConnection::open(target_)));
  }

 private:
  const PgTarget target_;
};

/// A connection on loan, as what it is.
class PgLease {
 public:
  explicit PgLease(Pool::Lease lease) : lease_(std::move(lease)) {}
  PgConnection& operator*() const { return static_cast<PgConnection&>(*lease_); }
  PgConnection* operator->() const { return &**this; }

 private:
  Pool::Lease lease_;
};

class PostgresStore final : public SqlStore, public Together {
 public:
  PostgresStore(const PgTarget& target, const OpenOptions& options)
      : SqlStore(options),
        place_(net::shown_url(target.url)),
        slow_query_(options.slow_query),
        pool_(std::make_unique<PgConnector>(target), options.pool) {}

  Status bring_up_to_date();
  Result<int> schema_version();

  Status upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) override;
  Status deny_hostnames(std::span<const model::Hostname> batch) override;
  Status upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) override;
  Status upsert_issues(std::int64_t run, std::span<const model::Issue> batch) override;
  std::optional<PoolStats> tend() override;

 private:
  Result<std::int64_t> run(const Query& query, const EachRow& each) override;
  Status together(const char* what, const Work& work) override;
  Status stream(const Query& query, const EachRow& each) override;
  Status compact() override;
  Result<std::vector<std::string>> plan(const Sample& sample) override;
  std::vector<Sample> own_samples() const override { return batch_samples(); }
  std::string scanned_table(std::string_view line) const override;
  std::string place() const override { return place_; }
  std::span<const Migration> migrations() const override { return postgres_migrations(); }
  Status fill_info(StoreInfo& info) override;

  Result<std::int64_t> run_in_turn(const Query& query, const EachRow& each);
  Result<PgLease> lease();
  template <typename Write>
  Status in_transaction(const char* what, Write write);

  const std::string place_;
  const std::chrono::milliseconds slow_query_;
  Pool pool_;
  KnownTags tags_;
};

Result<PgLease> PostgresStore::lease() {
  auto lease = pool_.acquire();
  if (lease.ok()) return PgLease(std::move(lease).value());
  // The pool does not know what it is a pool of.
  const bool named = lease.error().message.starts_with("failed to ");
  return named ? lease.error() : lease.error().with_context(place_);
}

Result<int> version_of(PgConnection& connection) {
  const PgResult table = M8_TRY(connection.execute("SELECT to_regclass('m8_schema') IS NULL"));
  if (table.integer(0, 0) != 0) return 0;
  const PgResult version =
      M8_TRY(connection.execute("SELECT coalesce(max(version), 0) FROM m8_schema"));
  return static_cast<int>(version.integer(0, 0));
}

Status apply_step(PgConnection& connection, const Migration& step) {
  auto transaction = M8_TRY(PgTransaction::begin(connection));
  M8_TRY(connection.execute(kMigrationLock));
  M8_TRY(connection.execute(
      "CREATE TABLE IF NOT EXISTS m8_schema"
      " (version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())"));
  if (M8_TRY(version_of(connection)) >= step.version) return {};
  M8_TRY(connection.execute(step.sql));
  M8_TRY(
      connection.execute(fmt::format("INSERT INTO m8_schema (version) VALUES ({})", step.version)));
  return transaction.commit();
}

Status PostgresStore::bring_up_to_date() {
  struct Owner final : SchemaOwner {
    explicit Owner(PgConnection& of) : connection(of) {}
    Result<int> schema_version() override { return version_of(connection); }
    Status apply(const Migration& step) override { return apply_step(connection, step); }
    PgConnection& connection;
  };
  const PgLease connection = M8_TRY(lease());
  Owner owner(*connection);
  return migrate(owner, migrations(), place_);
}

Result<int> PostgresStore::schema_version() {
  const PgLease connection = M8_TRY(lease());
  return version_of(*connection);
}

Status PostgresStore::fill_info(StoreInfo& info) {
  const PgLease connection = M8_TRY(lease());
  info.backend = "postgresql " + connection->server_version();
  info.version = M8_TRY(version_of(*connection));
  const PgResult size = M8_TRY(connection->execute(
      "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
      " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"));
  info.bytes = static_cast<std::uint64_t>(size.integer(0, 0));
  info.pool = pool_.stats();
  return {};
}

std::optional<PoolStats> PostgresStore::tend() {
  pool_.tend();
  return pool_.stats();
}

/// True if other programs were in the way: another try may do.
bool collided(const PgConnection& connection) {
  const std::string& state = connection.last_state();
  return state == "40001" || state == "40P01" || state == "23505";
}

Result<std::int64_t> PostgresStore::run(const Query& query, const EachRow& each) {
  if (query.takes_turn) return run_in_turn(query, each);
  const PgLease connection = M8_TRY(lease());
  const SlowQuery timer(query.sql, slow_query_);
  for (int attempt = 1;; ++attempt) {
    auto result = connection->run(query);
    if (!result.ok() && collided(*connection) && attempt < kAttempts) {
      count_lock_wait();
      continue;
    }
    if (!result.ok()) return result.error();
    M8_TRY(result->for_each(each));
    return result->changed();
  }
}

Status PostgresStore::compact() {
  const PgLease connection = M8_TRY(lease());
  for (const char* table : {"run", "journal", "hostname", "hostname_change", "endpoint",
                            "endpoint_change", "issue", "issue_change", "outbox"}) {
    M8_TRY(connection->execute(fmt::format("VACUUM (ANALYZE) {}", table)));
  }
  return {};
}

std::string fetch_sql(std::size_t rows) { return fmt::format("FETCH {} FROM m8_rows", rows); }

/// Gives the rows of the cursor to \p each. The server makes the next rows ready meanwhile: two
/// lots are held.
Status fetch_all(PgConnection& connection, const EachRow& each) {
  std::size_t wanted = 100;
  M8_TRY(connection.begin(fetch_sql(wanted)));
  for (;;) {
    const PgResult rows = M8_TRY(connection.answer());
    const auto count = static_cast<std::size_t>(rows.rows());
    const bool last = count < wanted;
    if (!last) {
      wanted = std::clamp<std::size_t>(kFetchBytes / (rows.bytes() / count + 1), 1, kFetchRows);
      M8_TRY(connection.begin(fetch_sql(wanted)));
    }
    const Status read = rows.for_each(each);
    if (last) return read;
    if (read.ok()) continue;
    // What was asked for comes before anything else can be said.
    static_cast<void>(connection.answer());
    return read;
  }
}

Status PostgresStore::stream(const Query& query, const EachRow& each) {
  const PgLease connection = M8_TRY(lease());
  const auto transaction = M8_TRY(PgTransaction::begin(*connection, "BEGIN READ ONLY"));
  {
    const SlowQuery timer(query.sql, slow_query_);
    M8_TRY(
        connection->run_once({"DECLARE m8_rows NO SCROLL CURSOR FOR " + query.sql, query.values}));
  }
  return fetch_all(*connection, each);
}

Result<std::vector<std::string>> PostgresStore::plan(const Sample& sample) {
  const PgLease connection = M8_TRY(lease());
  const auto transaction = M8_TRY(PgTransaction::begin(*connection));
  if (!sample.before.empty()) M8_TRY(connection->execute(sample.before));
  const char* before =
      sample.streamed ? "EXPLAIN DECLARE m8_rows NO SCROLL CURSOR FOR " : "EXPLAIN ";
  const PgResult rows =
      M8_TRY(connection->run_once({before + sample.query.sql, sample.query.values}));
  std::vector<std::string> lines;
  for (int i = 0; i < rows.rows(); ++i) lines.emplace_back(rows.text(i, 0));
  return lines;
}

std::string PostgresStore::scanned_table(std::string_view line) const {
  constexpr std::string_view kScan = "Seq Scan on ";
  const std::size_t at = line.find(kScan);
  if (at == line.npos) return {};
  line.remove_prefix(at + kScan.size());
  const std::string table(line.substr(0, line.find(' ')));
  return table.ends_with("_batch") ? std::string() : table;  // what comes in, not what is there
}

/// Runs \p write and commits; again if other programs were in the way.
template <typename Write>
Status PostgresStore::in_transaction(const char* what, Write write) {
  for (int attempt = 1;; ++attempt) {
    const PgLease connection = M8_TRY(lease());
    const SlowQuery timer(what, slow_query_);
    const Status status = [&]() -> Status {
      auto transaction = M8_TRY(PgTransaction::begin(*connection));
      M8_TRY(write(*connection));
      return transaction.commit();
    }();
    if (status.ok()) wrote();
    if (status.ok() || !collided(*connection)) return status;
    count_lock_wait();
    if (attempt == kAttempts) return status;
  }
}

Result<std::int64_t> PostgresStore::run_in_turn(const Query& query, const EachRow& each) {
  std::optional<PgResult> result;
  const Status done = in_transaction(query.sql.c_str(), [&](PgConnection& connection) -> Status {
    M8_TRY(take_issue_turn(connection));
    result.emplace(M8_TRY(connection.run(query)));
    return {};
  });
  if (!done.ok()) return done.error();
  M8_TRY(result->for_each(each));
  return result->changed();
}

/// The statements of one transaction.
class PgInside final : public Statements {
 public:
  PgInside(PgConnection& connection, Statements& outside)
      : connection_(connection), outside_(outside) {}
  Result<std::int64_t> run(const Query& query, const EachRow& each) override {
    if (query.takes_turn) M8_TRY(take_issue_turn(connection_));
    const PgResult result = M8_TRY(connection_.run(query));
    M8_TRY(result.for_each(each));
    return result.changed();
  }
  Status stream(const Query& query, const EachRow& each) override {
    M8_TRY(run(query, each));
    return {};
  }
  Status compact() override { return {}; }
  void wrote() override { outside_.wrote(); }

 private:
  PgConnection& connection_;
  Statements& outside_;
};

Status PostgresStore::together(const char* what, const Work& work) {
  return in_transaction(what, [&](PgConnection& connection) {
    PgInside inside(connection, *this);
    return work(inside);
  });
}

Status PostgresStore::upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) {
  if (batch.empty()) return {};
  return in_transaction("batch of hostnames", [&](PgConnection& connection) {
    return write_hostnames(connection, run, batch);
  });
}

Status PostgresStore::deny_hostnames(std::span<const model::Hostname> batch) {
  if (batch.empty()) return {};
  return in_transaction("batch of denials",
                        [&](PgConnection& connection) { return write_denials(connection, batch); });
}

Status PostgresStore::upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) {
  if (batch.empty()) return {};
  return in_transaction("batch of endpoints", [&](PgConnection& connection) {
    return write_endpoints(connection, run, batch);
  });
}

Status PostgresStore::upsert_issues(std::int64_t run, std::span<const model::Issue> batch) {
  if (batch.empty()) return {};
  const KnownTags::Missing tags = tags_.missing(batch);
  M8_TRY(in_transaction("batch of issues", [&](PgConnection& connection) {
    return write_issues(connection, run, batch, tags.rows);
  }));
  tags_.keep(tags);
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_postgres(const std::string& url, const OpenOptions& options) {
  const PgTarget target{url, options.pool.ping_timeout, options.pool.answer_timeout};
  auto store = std::make_unique<PostgresStore>(target, options);
  const int version = M8_TRY(store->schema_version());
  if (options.must_exist && version == 0)
    return Error{ErrorCode::kNotFound, net::shown_url(url) + ": nothing is stored there yet"};
  if (options.migrate) M8_TRY(store->bring_up_to_date());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace m8::store
