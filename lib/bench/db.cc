/// `m8 bench db`: the store's PostgreSQL pool and batches against pgbench and COPY, and SQLite.
///
/// The server is our own (PgServer), or what --url names. fsync and synchronous_commit stay as they
/// are there: on.
#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include "base/file.h"
#include "base/guarded.h"
#include "base/process.h"
#include "bench/db_diff.h"
#include "bench/db_guides.h"
#include "bench/db_issues.h"
#include "bench/pg_server.h"
#include "bench/registry.h"
#include "cli/make_flag.h"
#include "store/columns.h"
#include "store/pg_connection.h"
#include "store/pool.h"
#include "store/store.h"

namespace m8::bench {
namespace {

using store::PgConnection;
using store::Pool;
using store::Query;

constexpr auto kTimeout = std::chrono::seconds(600);
constexpr int kClients = 10;
constexpr std::size_t kBatch = 60'000;  // StoreSink's
constexpr std::size_t kOneByOne = 2'000;
constexpr const char* kDomain = "bench.example";
// pgbench -S has this statement.
constexpr const char* kSelect = "SELECT abalance FROM pgbench_accounts WHERE aid = $1";
constexpr const char* kColumns =
    "domain_id, hostname, sources, first_seen, last_seen, first_run, last_run, a, aaaa, cname,"
    " resolver, wildcard, live";

struct Setup {
  std::string bin;  ///< of psql and pgbench
  std::string url;
  std::string store_url;  ///< the same with a schema of ours
  std::size_t names = 0;
  int scale = 0;
  std::chrono::milliseconds seconds{};
  bool pooled = true, prepared = true;
  std::vector<std::string> parts;  ///< empty: all

  bool has(std::string_view part) const {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  }
};

class Connector final : public store::Connector {
 public:
  explicit Connector(std::string url) : url_(std::move(url)) {}
  Result<std::unique_ptr<store::PooledConnection>> connect() override {
    return std::unique_ptr<store::PooledConnection>(M8_TRY(PgConnection::open({url_})));
  }

 private:
  const std::string url_;
};

PgConnection& connection_of(const Pool::Lease& lease) { return static_cast<PgConnection&>(*lease); }

double seconds_since(const Context& context, SteadyTime began) {
  return std::chrono::duration<double>(context.clock.now() - began).count();
}

// ---- select by id ---------------------------------------------------------------------------

/// One SELECT of a random account, as the mode says.
Status select_one(const Setup& setup, Pool& pool, std::int64_t id) {
  const Query query{kSelect, {id}};
  const auto check = [](const store::PgResult& result) -> Status {
    if (result.rows() == 1) return {};
    return Error{ErrorCode::kInternal, "bench db: an account is missing"};
  };
  if (!setup.pooled) {
    const auto own = M8_TRY(PgConnection::open({setup.url}));
    return check(M8_TRY(setup.prepared ? own->run(query) : own->run_once(query)));
  }
  const Pool::Lease lease = M8_TRY(pool.acquire());
  PgConnection& connection = connection_of(lease);
  return check(M8_TRY(setup.prepared ? connection.run(query) : connection.run_once(query)));
}

struct Load {
  double per_second = 0;
  std::uint64_t failed = 0;
  std::string first_error;
};

/// \p clients threads select for the time that the setup gives.
Load select_load(const Context& context, const Setup& setup, Pool& pool, int clients) {
  std::atomic<std::uint64_t> done{0}, failed{0};
  Guarded<std::string> first_error;
  const auto began = context.clock.now();
  const auto end = began + setup.seconds;
  std::vector<std::jthread> threads;
  for (int client = 0; client < clients; ++client) {
    threads.emplace_back([&, client] {
      std::uint64_t mine = 0, state = static_cast<std::uint64_t>(client) + 1;
      const auto accounts = static_cast<std::uint64_t>(setup.scale) * 100'000;
      while (context.clock.now() < end && !context.stop.stop_requested()) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const auto id = static_cast<std::int64_t>((state >> 33) % accounts + 1);
        if (const Status status = select_one(setup, pool, id); status.ok()) {
          ++mine;
        } else {
          ++failed;
          *first_error.lock() = status.error().message;
        }
      }
      done += mine;
    });
  }
  threads.clear();
  return {static_cast<double>(done) / seconds_since(context, began), failed, *first_error.lock()};
}

Status measure_select(const Context& context, const Setup& setup, Pool& pool, Series& series) {
  const Load load = select_load(context, setup, pool, kClients);
  if (load.failed > 0) return Error{ErrorCode::kInternal, "bench db: " + load.first_error};
  series.add(load.per_second);
  return {};
}

Status fill_accounts(const Context& context, const Setup& setup) {
  context.progress(fmt::format("pgbench -i -s {}", setup.scale));
  const std::string log = context.temp_directory + "/pgbench-i.log";
  M8_TRY(run_checked(
      context,
      {{setup.bin + "/pgbench", "-i", "-q", "-s", std::to_string(setup.scale), setup.url},
       {},
       {},
       ChildStream::file(log)},
      kTimeout));
  return {};
}

Status run_pgbench(const Context& context, const Setup& setup, Series& series) {
  const std::string out = context.temp_directory + "/pgbench.out";
  const auto seconds = std::max<std::int64_t>(1, setup.seconds.count() / 1000);
  M8_TRY(
      run_checked(context,
                  {{setup.bin + "/pgbench", "-n", "-S", "-M", "prepared", "-c",
                    std::to_string(kClients), "-j", "2", "-T", std::to_string(seconds), setup.url},
                   {},
                   ChildStream::file(out),
                   ChildStream::file(out + ".log")},
                  kTimeout));
  const std::string text = M8_TRY(read_file(out));
  const std::size_t at = text.find("tps = ");
  if (at == text.npos) return Error{ErrorCode::kInternal, "pgbench: no 'tps = ' in its report"};
  series.add(std::strtod(text.c_str() + at + 6, nullptr));
  return {};
}

Status compare_select(const Context& context, const Setup& setup, Report& report) {
  Pool pool(std::make_unique<Connector>(setup.url), {});
  const bool plain = setup.pooled && setup.prepared;
  Row& row = report.row(
      fmt::format("select by id, {} clients{}{}", kClients, setup.pooled ? "" : ", no pool",
                  setup.prepared ? "" : ", not prepared"),
      "1/s", plain ? std::optional(Bar::ratio_at_least(0.9)) : std::nullopt);
  row.peer_name = "pgbench -S -M prepared -c 10 -j 2";
  return alternate(
      context, [&] { return measure_select(context, setup, pool, row.ours); },
      [&] { return run_pgbench(context, setup, row.peer); });
}

/// What the guides found: a connection and a plan for each query.
Status compare_baseline(const Context& context, const Setup& setup, Report& report) {
  Pool pool(std::make_unique<Connector>(setup.url), {});
  Setup bare = setup;
  bare.pooled = bare.prepared = false;
  Row& row = report.row("select by id, pooled and prepared", "1/s", Bar::ratio_at_least(10));
  row.peer_name = "no pool, not prepared";
  return alternate(
      context, [&] { return measure_select(context, setup, pool, row.ours); },
      [&] { return measure_select(context, bare, pool, row.peer); });
}

/// Taking a connection from the pool and giving it back, against making one.
Status compare_connections(const Context& context, const Setup& setup, Report& report) {
  Pool pool(std::make_unique<Connector>(setup.url), {});
  Row& row = report.row("overhead of a connection, reused", "ms", Bar::at_most(1));
  row.peer_name = "new connection";
  constexpr int kReused = 10'000, kNew = 50;
  const auto time = [&](int times, const std::function<Status()>& one, Series& series) -> Status {
    const auto began = context.clock.now();
    for (int i = 0; i < times; ++i) M8_TRY(one());
    series.add(seconds_since(context, began) * 1000 / times);
    return {};
  };
  const auto reuse = [&]() -> Status {
    M8_TRY(pool.acquire());
    return {};
  };
  const auto open = [&]() -> Status {
    M8_TRY(PgConnection::open({setup.url}));
    return {};
  };
  M8_TRY(reuse());
  return alternate(
      context, [&] { return time(kReused, reuse, row.ours); },
      [&] { return time(kNew, open, row.peer); });
}

/// Many more callers than connections: all must get their turn.
Status measure_crowd(const Context& context, const Setup& setup, Report& report) {
  constexpr int kCallers = 100;
  Row& speed = report.row("select by id, 100 callers on 25 connections", "1/s");
  Row& failures = report.row("failures among them", "", Bar::at_most(0));
  Row& leaked = report.row("connections that did not come back", "", Bar::at_most(0));
  for (int i = 0; i < context.repeats; ++i) {
    Pool pool(std::make_unique<Connector>(setup.url), {});
    const Load load = select_load(context, setup, pool, kCallers);
    speed.ours.add(load.per_second);
    failures.ours.add(static_cast<double>(load.failed));
    const auto stats = pool.stats();
    leaked.ours.add(stats.in_use);
    if (stats.open > 25) return Error{ErrorCode::kInternal, "bench db: more than 25 connections"};
    if (!load.first_error.empty()) report.note(load.first_error);
  }
  return {};
}

// ---- bulk -----------------------------------------------------------------------------------

/// In which order names come: scattered is no help to an index, sequential is its own.
enum class Order { kScattered, kSequential };

std::string label_of(std::size_t i, Order order) {
  const std::size_t factor = order == Order::kScattered ? 2654435761u : 1u;
  return fmt::format("{:08x}", static_cast<std::uint32_t>(i * factor));
}

model::Hostname record_of(std::size_t i, WallTime seen, Order order = Order::kScattered) {
  model::Hostname record;
  record.domain = kDomain;
  record.hostname = fmt::format("{}.{}", label_of(i, order), kDomain);
  record.sources = {"bruteforce"};
  record.first_seen = record.last_seen = seen;
  record.a = {fmt::format("10.{}.{}.{}", i >> 16 & 255, i >> 8 & 255, i & 255)};
  record.resolver = "127.0.0.1:53";
  return record;
}

constexpr WallTime kFirst{std::chrono::seconds(1'700'000'000)};

/// Gives all names to \p store in batches. Records per second of the store's time; making the
/// records is not counted.
Result<double> store_names(const Context& context, store::Store& store, std::size_t names,
                           WallTime seen, Order order = Order::kScattered) {
  std::chrono::duration<double> taken{};
  std::vector<model::Hostname> batch;
  for (std::size_t i = 0; i < names; i += kBatch) {
    if (context.stop.stop_requested()) return Error{ErrorCode::kCancelled, "stopped"};
    batch.clear();
    for (std::size_t j = i; j < std::min(names, i + kBatch); ++j)
      batch.push_back(record_of(j, seen, order));
    const auto began = context.clock.now();
    M8_TRY(store.upsert_hostnames(1, batch));
    taken += context.clock.now() - began;
  }
  return static_cast<double>(names) / taken.count();
}

/// The peer's rows, as text COPY takes them, in the columns that the store fills.
std::string copy_lines(std::size_t from, std::size_t to) {
  std::string lines;
  const auto seen = store::to_millis(kFirst);
  for (std::size_t i = from; i < to; ++i) {
    const model::Hostname record = record_of(i, kFirst);
    fmt::format_to(std::back_inserter(lines), "1\t{}\tbruteforce\t{}\t{}\t1\t1\t{}\t\t\t{}\t\tt\n",
                   record.hostname, seen, seen, record.a[0], record.resolver);
  }
  return lines;
}

/// COPY of all names into an empty table with the columns and indexes of the store's.
Status run_copy(const Context& context, const Setup& setup, PgConnection& connection,
                Series& series) {
  M8_TRY(connection.execute("TRUNCATE copied"));
  M8_TRY(connection.execute("CHECKPOINT"));
  std::chrono::duration<double> taken{};
  auto began = context.clock.now();
  M8_TRY(connection.copy_begin(fmt::format("COPY copied ({}) FROM STDIN", kColumns)));
  taken += context.clock.now() - began;
  for (std::size_t i = 0; i < setup.names; i += kBatch) {
    const std::string lines = copy_lines(i, std::min(setup.names, i + kBatch));
    began = context.clock.now();
    M8_TRY(connection.copy_write(lines));
    taken += context.clock.now() - began;
  }
  began = context.clock.now();
  M8_TRY(connection.copy_end());
  taken += context.clock.now() - began;
  series.add(static_cast<double>(setup.names) / taken.count());
  return {};
}

/// The same rows by a prepared INSERT each, committed each, on a connection that stays.
Status run_one_by_one(const Context& context, PgConnection& connection, Series& series) {
  M8_TRY(connection.execute("TRUNCATE copied"));
  const std::string sql = fmt::format(
      "INSERT INTO copied ({}) VALUES (1, $1, $2, $3, $4, 1, 1, $5, '', '', $6, '', TRUE)",
      kColumns);
  const auto seen = store::to_millis(kFirst);
  const auto began = context.clock.now();
  for (std::size_t i = 0; i < kOneByOne; ++i) {
    const model::Hostname record = record_of(i, kFirst);
    M8_TRY(connection.run(
        {sql, {record.hostname, "bruteforce", seen, seen, record.a[0], record.resolver}}));
  }
  series.add(static_cast<double>(kOneByOne) / seconds_since(context, began));
  return {};
}

/// All names are there, and one of them as it was given.
Status check_names(store::Store& store, std::size_t names, Order order = Order::kScattered) {
  const auto info = M8_TRY(store.info());
  for (const auto& [table, rows] : info.rows) {
    if (table == "hostname" && rows != names)
      return Error{ErrorCode::kInternal, fmt::format("bench db: {} names of {}", rows, names)};
  }
  const model::Hostname wanted = record_of(names / 2, kFirst, order);
  store::HostnameFilter filter;
  filter.domain = kDomain;
  filter.limit = 1;
  filter.after = wanted.hostname.substr(0, wanted.hostname.find('.'));
  bool same = false;
  M8_TRY(store.for_each_hostname(filter, [&](const model::Hostname& found) {
    same = found.hostname == wanted.hostname && found.a == wanted.a &&
           found.first_seen == wanted.first_seen && found.sources == wanted.sources;
    return Status();
  }));
  if (same) return {};
  return Error{ErrorCode::kInternal, "bench db: a name came back wrong"};
}

Status compare_bulk(const Context& context, const Setup& setup, Report& report) {
  const auto store = M8_TRY(store::open_store(setup.store_url));
  const auto side = M8_TRY(PgConnection::open({setup.store_url}));
  M8_TRY(side->execute("CREATE TABLE copied (LIKE hostname INCLUDING ALL)"));
  Row& fresh = report.row("hostnames stored, new", "1/s", Bar::ratio_at_least(0.6));
  Row& known = report.row("hostnames stored, known", "1/s", Bar::ratio_at_least(0.4));
  Row& single = report.row("hostnames stored, new", "1/s");
  fresh.peer_name = known.peer_name = "COPY";
  single.peer_name = "INSERT one by one";
  const auto ours = [&]() -> Status {
    M8_TRY(side->execute("TRUNCATE hostname, hostname_change; CHECKPOINT"));
    fresh.ours.add(M8_TRY(store_names(context, *store, setup.names, kFirst)));
    M8_TRY(check_names(*store, setup.names));
    M8_TRY(side->execute("CHECKPOINT"));
    known.ours.add(
        M8_TRY(store_names(context, *store, setup.names, kFirst + std::chrono::hours(24))));
    return check_names(*store, setup.names);
  };
  const auto peer = [&]() -> Status {
    M8_TRY(run_copy(context, setup, *side, fresh.peer));
    return run_one_by_one(context, *side, single.peer);
  };
  M8_TRY(alternate(context, ours, peer));
  for (const double value : fresh.peer.values()) known.peer.add(value);
  for (const double value : fresh.ours.values()) single.ours.add(value);
  report.note(
      fmt::format("{} names of one domain in batches of {}, each a transaction;"
                  " COPY is one transaction into an empty table with the same columns and"
                  " indexes; a checkpoint before each",
                  setup.names, kBatch));
  return {};
}

/// All names into a new file: records per second while they are new, and once they are known.
Result<std::pair<double, double>> store_sqlite(const Context& context, const std::string& path,
                                               std::size_t names, Order order) {
  const auto store = M8_TRY(store::open_store("sqlite:" + path));
  const double fresh = M8_TRY(store_names(context, *store, names, kFirst, order));
  M8_TRY(check_names(*store, names, order));
  const WallTime later = kFirst + std::chrono::hours(24);
  const double known = M8_TRY(store_names(context, *store, names, later, order));
  M8_TRY(check_names(*store, names, order));
  return std::pair(fresh, known);
}

Status measure_sqlite(const Context& context, const Setup& setup, Report& report) {
  const std::pair<Order, const char*> orders[] = {{Order::kScattered, "scattered"},
                                                  {Order::kSequential, "sequential"}};
  for (const auto& [order, word] : orders) {
    const Bar bar = Bar::at_least(300'000);
    Row& fresh = report.row(fmt::format("SQLite: hostnames stored, new, {}", word), "1/s", bar);
    Row& known = report.row(fmt::format("SQLite: hostnames stored, known, {}", word), "1/s", bar);
    for (int i = 0; i < context.repeats; ++i) {
      const std::string path = fmt::format("{}/store-{}-{}.db", context.temp_directory, word, i);
      const auto [new_rate, known_rate] = M8_TRY(store_sqlite(context, path, setup.names, order));
      fresh.ours.add(new_rate);
      known.ours.add(known_rate);
      ::unlink(path.c_str());
    }
  }
  report.note(
      fmt::format("SQLite: {} names of one domain in batches of {}; scattered: by a hash, so that"
                  " each batch falls all over the index; sequential: in the index's order",
                  setup.names, kBatch));
  return {};
}

// ---- the workload ---------------------------------------------------------------------------

/// A schema of its own in the database, gone when the guard goes.
class Schema {
 public:
  static Result<Schema> create(const std::string& url) {
    auto connection = M8_TRY(PgConnection::open({url}));
    M8_TRY(connection->execute("DROP SCHEMA IF EXISTS m8_bench CASCADE; CREATE SCHEMA m8_bench"));
    return Schema(std::move(connection));
  }
  Schema(Schema&&) = default;
  Schema& operator=(Schema&&) = delete;
  ~Schema() {
    if (connection_) (void)connection_->execute("DROP SCHEMA m8_bench CASCADE");
  }

 private:
  explicit Schema(std::unique_ptr<PgConnection> connection) : connection_(std::move(connection)) {}
  std::unique_ptr<PgConnection> connection_;
};

Status measure_selects(const Context& context, const Setup& setup, Report& report) {
  M8_TRY(fill_accounts(context, setup));
  M8_TRY(compare_select(context, setup, report));
  if (!setup.pooled || !setup.prepared) return {};
  M8_TRY(compare_baseline(context, setup, report));
  M8_TRY(compare_connections(context, setup, report));
  return measure_crowd(context, setup, report);
}

Status measure_server(const Context& context, const Setup& setup, Report& report) {
  if (setup.has("selects")) M8_TRY(measure_selects(context, setup, report));
  if (!setup.pooled || !setup.prepared) return {};
  if (setup.has("guides")) {
    context.progress("the guides' queries");
    const Schema schema = M8_TRY(Schema::create(setup.url));
    M8_TRY(measure_guides(context, "PostgreSQL", setup.store_url, report));
  }
  if (setup.has("hostnames")) {
    context.progress(fmt::format("storing {} names", setup.names));
    const Schema schema = M8_TRY(Schema::create(setup.url));
    M8_TRY(compare_bulk(context, setup, report));
  }
  if (!setup.has("run")) return {};
  ::malloc_trim(0);
  context.progress("storing a run with issues");
  const Schema schema = M8_TRY(Schema::create(setup.url));
  return measure_run_postgres(context, setup.names, setup.store_url, setup.bin, report);
}

Status measure_file(const Context& context, const Setup& setup, Report& report) {
  if (setup.has("hostnames")) M8_TRY(measure_sqlite(context, setup, report));
  if (setup.has("guides")) {
    M8_TRY(measure_guides(context, "SQLite", "sqlite:" + context.temp_directory + "/guides.db",
                          report));
  }
  if (setup.has("difference")) M8_TRY(measure_difference(context, setup.names, report));
  return setup.has("run") ? measure_run_sqlite(context, setup.names, report) : Status();
}

Result<Setup> setup_of(const Context& context) {
  Setup setup;
  setup.bin = M8_TRY(postgres_programs());
  setup.names = context.flags.number<std::size_t>("names");
  setup.scale = context.flags.number<int>("scale");
  setup.seconds = context.flags.duration("duration");
  setup.parts = context.flags.list("part");
  for (const std::string& mode : context.flags.list("baseline")) {
    if (mode == "no-pool") {
      setup.pooled = false;
    } else if (mode == "no-prepare") {
      setup.prepared = false;
    } else {
      return Error{ErrorCode::kInvalidArgument, "--baseline: no-pool or no-prepare, not " + mode};
    }
  }
  return setup;
}

std::string with_schema(const std::string& url) {
  return url + (url.find('?') == url.npos ? "?" : "&") + "options=-csearch_path%3Dm8_bench";
}

/// Measures against \p setup.url, or a server of our own without it.
Status measure_postgres(const Context& context, Setup setup, Report& report) {
  std::optional<PgServer> server;
  if (setup.url.empty()) {
    server.emplace(M8_TRY(PgServer::start(context)));
    setup.url = server->url();
  }
  setup.store_url = with_schema(setup.url);
  const auto version = M8_TRY(PgConnection::open({setup.url}))->server_version();
  const Status measured = measure_server(context, setup, report);
  if (server) M8_TRY(server->stop());
  report.note(
      fmt::format("PostgreSQL {}, loopback, its default settings: fsync and"
                  " synchronous_commit on; pgbench scale {}",
                  version, setup.scale));
  return measured;
}

/// SQLite first: what a server still has to write after its load would slow it down.
Result<Report> run(const Context& context) {
  Setup setup = M8_TRY(setup_of(context));
  setup.url = context.flags.text("url");
  Report report("db");
  const bool all = setup.pooled && setup.prepared;
  const auto databases = context.flags.list("database");
  const auto wanted = [&databases](std::string_view name) {
    return databases.empty() ||
           std::find(databases.begin(), databases.end(), name) != databases.end();
  };
  if (all && wanted("sqlite")) M8_TRY(measure_file(context, setup, report));
  ::malloc_trim(0);  // what the allocator keeps of the one database is no memory of the other
  if (wanted("postgresql")) M8_TRY(measure_postgres(context, setup, report));
  if (all) {
    report.row("peak memory", "MB", Bar::at_most(150))
        .ours.add(static_cast<double>(process_usage().peak_rss_bytes) / 1e6);
  }
  return report;
}

cli::Flag db_flag(const char* name, const char* argument, const char* initial, const char* brief) {
  cli::Flag flag;
  flag.name = name;
  flag.argument = argument;
  flag.initial = initial;
  flag.section = "Database";
  flag.brief = brief;
  return flag;
}

std::vector<cli::Flag> flags() {
  cli::Flag url =
      db_flag("url", "URL", "", "a PostgreSQL database, instead of a server of our own");
  url.detail =
      "Tables pgbench_* and the schema m8_bench are made in it; the latter is removed afterwards. "
      "The user must be allowed to make them, and CHECKPOINT.";
  url.type = cli::ValueType::url();
  url.secret = true;
  cli::Flag baseline = db_flag("baseline", "MODE,...", "", "select without pool or prepared plans");
  baseline.detail = "no-pool: a connection for each; no-prepare: a plan for each; or both.";
  baseline.repeatable = true;
  cli::Flag names = db_flag("names", "N", "1000000", "hostnames to store");
  names.type = cli::ValueType::number(1'000, 100'000'000);
  cli::Flag scale = db_flag("scale", "N", "10", "pgbench's tables: so many times 100000 accounts");
  scale.type = cli::ValueType::number(1, 1'000);
  cli::Flag duration = db_flag("duration", "TIME", "5s", "of each measurement of selects");
  duration.type = cli::ValueType::duration(std::chrono::seconds(1), std::chrono::seconds(3600));
  cli::Flag part = db_flag("part", "PART,...", "", "measure only these");
  part.repeatable = true;
  cli::Flag database = db_flag("database", "NAME,...", "", "measure only this one");
  database.repeatable = true;
  return {url,
          baseline,
          names,
          scale,
          duration,
          cli::chosen(part, {"selects", "guides", "hostnames", "difference", "run"}),
          cli::chosen(database, {"sqlite", "postgresql"})};
}

}  // namespace

extern const Workload kDb;
const Workload kDb{"db", "the store on PostgreSQL and SQLite, against pgbench and COPY", flags,
                   run};

}  // namespace m8::bench
