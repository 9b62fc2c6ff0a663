// The store in one SQLite file, WAL mode.
#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "store/backend.h"
#include "store/migrate.h"
#include "store/sqlite_db.h"
#include "store/sqlite_queries.h"

namespace m8::store {
namespace {

constexpr std::int64_t kApplicationId = 0x6d380001;  // "m8", then the file's generation

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

std::optional<model::HostnameChange> read_change(const SqliteStatement& row, WallTime since) {
  std::optional<model::HostnameChange::Before> before;
  if (row.integer(11) != 0) {
    before = {row.integer(12) != 0, split(row.text(13)), split(row.text(14)), split(row.text(15))};
  }
  return model::change_of(read_hostname(row), since, std::move(before));
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
  Result<model::Run> find_run(std::int64_t id) override;
  Status save_journal(std::int64_t run, const JournalState& journal) override;
  Result<std::optional<JournalState>> load_journal(std::int64_t run) override;
  Result<bool> add_domain(const model::Domain& domain) override;
  Status set_domain_enabled(const std::string& name, bool enabled) override;
  Status remove_domain(const std::string& name) override;
  Result<bool> any_domain_enabled() override;
  Status upsert_hostnames(std::int64_t run, std::span<const model::Hostname> batch) override;
  Status deny_hostnames(std::span<const model::Hostname> batch) override;
  Status upsert_endpoints(std::int64_t run, std::span<const model::Endpoint> batch) override;
  Status upsert_issues(std::int64_t run, std::span<const model::Issue> batch) override;
  Status for_each_domain(const DomainFilter& filter, const Each<model::Domain>& each) override;
  Status for_each_hostname(const HostnameFilter& filter,
                           const Each<model::Hostname>& each) override;
  Status for_each_change(const ChangeFilter& filter,
                         const Each<model::HostnameChange>& each) override;
  Status for_each_endpoint(const Each<model::Endpoint>& each) override;
  Status for_each_issue(const IssueFilter& filter, const Each<model::Issue>& each) override;
  Status for_each_run(const RunFilter& filter, const Each<model::Run>& each) override;
  Result<StoreInfo> info() override;
  Status explain(const Each<QueryPlan>& each) override;

 private:
  Result<int> schema_version() override;
  Status apply(const Migration& step) override;
  Result<std::int64_t> pragma(std::string_view name);
  Result<std::int64_t> domain_id(const std::string& name, WallTime seen);
  Status missing_unless_changed(std::string_view what, std::string_view name);
  template <typename Record>
  Status read(const Select& select, Record (*read_row)(const SqliteStatement&),
              const Each<Record>& each);

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
  auto insert = M8_TRY(db_->prepare(kInsertRun));
  const std::string counts = counts_json(run);
  insert.bind(run.command).bind(run.arguments).bind(run.version).bind(to_millis(run.started));
  insert.bind(to_millis(run.ended)).bind(run.status).bind(counts);
  M8_TRY(insert.run());
  return db_->last_id();
}

/// After an UPDATE or DELETE of one row: whether there was one.
Status SqliteStore::missing_unless_changed(std::string_view what, std::string_view name) {
  if (db_->changes() > 0) return {};
  return Error{ErrorCode::kNotFound, fmt::format("{}: no {} {}", db_->path(), what, name)};
}

Status SqliteStore::end_run(const model::Run& run) {
  std::lock_guard lock(mutex_);
  auto update = M8_TRY(db_->prepare(kEndRun));
  const std::string counts = counts_json(run);
  M8_TRY(update.bind(to_millis(run.ended)).bind(run.status).bind(counts).bind(run.id).run());
  M8_TRY(missing_unless_changed("run", std::to_string(run.id)));
  if (run.status != "done") return {};
  auto forget = M8_TRY(db_->prepare(kDeleteJournal));
  return forget.bind(run.id).run();
}

Result<model::Run> SqliteStore::find_run(std::int64_t id) {
  std::lock_guard lock(mutex_);
  auto select = M8_TRY(db_->prepare(kFindRun));
  if (M8_TRY(select.bind(id).step())) return read_run(select);
  return Error{ErrorCode::kNotFound, fmt::format("{}: no run {}", db_->path(), id)};
}

Status SqliteStore::save_journal(std::int64_t run, const JournalState& journal) {
  std::lock_guard lock(mutex_);
  auto upsert = M8_TRY(db_->prepare(kSaveJournal));
  return upsert.bind(run).bind(journal.key).bind(journal.state).run();
}

Result<std::optional<JournalState>> SqliteStore::load_journal(std::int64_t run) {
  std::lock_guard lock(mutex_);
  auto select = M8_TRY(db_->prepare(kLoadJournal));
  if (!M8_TRY(select.bind(run).step())) return std::optional<JournalState>();
  return std::optional(JournalState{std::string(select.text(0)), std::string(select.text(1))});
}

Result<bool> SqliteStore::add_domain(const model::Domain& domain) {
  std::lock_guard lock(mutex_);
  auto insert = M8_TRY(db_->prepare(kAddDomain));
  const std::int64_t enabled = domain.enabled ? 1 : 0;
  M8_TRY(insert.bind(domain.name).bind(enabled).bind(to_millis(domain.first_seen)).run());
  return db_->changes() > 0;
}

Status SqliteStore::set_domain_enabled(const std::string& name, bool enabled) {
  std::lock_guard lock(mutex_);
  auto update = M8_TRY(db_->prepare(kEnableDomain));
  M8_TRY(update.bind(std::int64_t{enabled}).bind(name).run());
  return missing_unless_changed("domain", name);
}

Status SqliteStore::remove_domain(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto remove = M8_TRY(db_->prepare(kRemoveDomain));
  M8_TRY(remove.bind(name).run());
  return missing_unless_changed("domain", name);
}

Result<bool> SqliteStore::any_domain_enabled() {
  std::lock_guard lock(mutex_);
  auto select = M8_TRY(db_->prepare(kAnyDomainEnabled));
  M8_TRY(select.step());
  return select.integer(0) != 0;
}

Result<std::int64_t> SqliteStore::domain_id(const std::string& name, WallTime seen) {
  auto select = M8_TRY(db_->prepare(kDomainId));
  if (M8_TRY(select.bind(name).step())) return select.integer(0);
  auto insert = M8_TRY(db_->prepare(kAddDomain));
  M8_TRY(insert.bind(name).bind(std::int64_t{1}).bind(to_millis(seen)).run());
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

Status SqliteStore::deny_hostnames(std::span<const model::Hostname> batch) {
  std::lock_guard lock(mutex_);
  auto transaction = M8_TRY(SqliteTransaction::begin(*db_));
  {
    auto deny = M8_TRY(db_->prepare(kDenyHostname));
    for (const model::Hostname* record : sorted(batch, hostname_key)) {
      deny.bind(record->domain).bind(record->hostname).bind(to_millis(record->last_seen));
      M8_TRY(deny.run());
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
Status SqliteStore::read(const Select& select, Record (*read_row)(const SqliteStatement&),
                         const Each<Record>& each) {
  std::lock_guard lock(mutex_);
  auto row = M8_TRY(db_->prepare(select.sql()));
  select.bind(row);
  while (M8_TRY(row.step())) M8_TRY(each(read_row(row)));
  return {};
}

Status SqliteStore::for_each_domain(const DomainFilter& filter, const Each<model::Domain>& each) {
  return read(select_domains(filter), read_domain, each);
}

Status SqliteStore::for_each_hostname(const HostnameFilter& filter,
                                      const Each<model::Hostname>& each) {
  return read(select_hostnames(filter), read_hostname, each);
}

Status SqliteStore::for_each_change(const ChangeFilter& filter,
                                    const Each<model::HostnameChange>& each) {
  std::lock_guard lock(mutex_);
  const Select select = select_changes(filter);
  auto row = M8_TRY(db_->prepare(select.sql()));
  select.bind(row);
  while (M8_TRY(row.step())) {
    if (const auto change = read_change(row, filter.since)) M8_TRY(each(*change));
  }
  return {};
}

Status SqliteStore::for_each_endpoint(const Each<model::Endpoint>& each) {
  return read(select_endpoints(), read_endpoint, each);
}

Status SqliteStore::for_each_issue(const IssueFilter& filter, const Each<model::Issue>& each) {
  return read(select_issues(filter), read_issue, each);
}

Status SqliteStore::for_each_run(const RunFilter& filter, const Each<model::Run>& each) {
  return read(select_runs(filter), read_run, each);
}

Result<StoreInfo> SqliteStore::info() {
  std::lock_guard lock(mutex_);
  StoreInfo info;
  info.backend = "sqlite";
  info.place = db_->path();
  info.version = M8_TRY(schema_version());
  for (const Migration& step : sqlite_migrations()) {
    info.newest = step.version;
    if (step.version > info.version) info.pending.emplace_back(step.name);
  }
  info.bytes =
      static_cast<std::uint64_t>(M8_TRY(pragma("page_count")) * M8_TRY(pragma("page_size")));
  for (const char* table : {"domain", "hostname", "endpoint", "issue", "run"}) {
    if (info.version == 0) break;
    auto count = M8_TRY(db_->prepare(fmt::format("SELECT count(*) FROM {}", table)));
    M8_TRY(count.step());
    info.rows.emplace_back(table, static_cast<std::uint64_t>(count.integer(0)));
  }
  return info;
}

Status SqliteStore::explain(const Each<QueryPlan>& each) {
  std::lock_guard lock(mutex_);
  for (auto& [name, sql] : sqlite_queries()) {
    QueryPlan plan{name, sql, {}};
    auto row = M8_TRY(db_->prepare("EXPLAIN QUERY PLAN " + sql));
    std::map<std::int64_t, std::string> indents;
    while (M8_TRY(row.step())) {
      const auto parent = indents.find(row.integer(1));
      const std::string indent = parent == indents.end() ? "" : parent->second + "  ";
      indents[row.integer(0)] = indent;
      plan.plan.push_back(indent + std::string(row.text(3)));
    }
    M8_TRY(each(plan));
  }
  return {};
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
      M8_TRY(SqliteDb::open(path, options.busy_timeout, options.must_exist)));
  if (options.migrate) M8_TRY(store->bring_up_to_date());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace m8::store
