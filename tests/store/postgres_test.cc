// PostgreSQL's own ways to go wrong, with real servers.
#include <atomic>
#include <functional>
#include <thread>

#include <sys/mount.h>
#include <sys/socket.h>

#include "net/socket.h"
#include "store/own_postgres.h"
#include "store/store_sink.h"

using namespace m8;
using namespace m8::store;
using namespace m8::test;
using namespace std::chrono_literals;

namespace {

/// Whether the case can be run; in CI it must be.
bool have_postgres() {
  if (OwnPostgres::installed()) return true;
  const char* ci = std::getenv("CI");
  if (ci && std::string_view(ci) == "true") FAIL("no PostgreSQL server is installed");
  MESSAGE("not checked: no PostgreSQL server is installed");
  return false;
}

Error open_error(const std::string& url, const OpenOptions& options = {}) {
  const auto opened = open_store(url, options);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message.find("s3cret") == std::string::npos);
  CHECK(opened.error().message.find('\n') == std::string::npos);
  return opened.error();
}

bool has(const Error& error, std::string_view words) {
  return error.message.find(words) != std::string::npos;
}

/// Connections on loan; info() itself has one.
int on_loan(Store& store) { return store.info()->pool->in_use - 1; }

}  // namespace

TEST_CASE("store/postgres: a malformed URL is refused without repeating it") {
  for (const char* url : {"postgresql://u:s3cret@host:port/db", "postgres://u:s3cret@h/db?s3cret=1",
                          "postgresql://u:s3cret@[::1/db"}) {
    const Error error = open_error(url);
    CHECK(error.code == ErrorCode::kInvalidArgument);
    CHECK(error.message.starts_with("failed to open database: "));
  }
}

TEST_CASE("store/postgres: a server that is down, or says nothing, is named") {
  const auto listener = net::tcp_listen({net::IpAddress::v4(0x7f000001), 0}, 5);
  REQUIRE(listener.ok());
  const int port = net::local_address(listener->get())->port;
  OpenOptions options;
  options.pool.ping_timeout = 50ms;
  const std::string url = fmt::format("postgresql://u:s3cret@127.0.0.1:{}/db", port);
  const Error silent = open_error(url, options);
  CHECK(silent.code == ErrorCode::kTimeout);
  CHECK(silent.message == fmt::format("failed to ping database: postgresql://127.0.0.1:{}/db:"
                                      " the server does not answer",
                                      port));
  const Error down = open_error("postgresql://u:s3cret@127.0.0.1:1/db");
  CHECK(down.code == ErrorCode::kNetwork);
  CHECK(has(down, "failed to ping database: postgresql://127.0.0.1:1/db: "));
  CHECK(has(down, "Connection refused"));
}

TEST_CASE("store/postgres: wrong password, unknown database, no right") {
  if (!have_postgres()) return;
  auto& server = OwnPostgres::instance();
  const Error password = open_error(server.url("", "s3cret"));
  CHECK(password.code == ErrorCode::kDenied);
  CHECK(has(password, "check user and password of store.url"));
  std::string other = server.url();
  other.replace(other.rfind("/postgres"), 9, "/none");
  CHECK(open_error(other).code == ErrorCode::kNotFound);
  PgServer::execute(server.url(), "CREATE ROLE poor LOGIN PASSWORD 'poor'");
  std::string poor = server.url();
  poor.replace(poor.find("m8:m8@"), 6, "poor:poor@");
  const Error denied = open_error(poor);
  CHECK(denied.code == ErrorCode::kDenied);
  CHECK(has(denied, "permission denied"));
}

TEST_CASE("store/postgres: out of connections is said with what to do") {
  if (!have_postgres()) return;
  auto& server = OwnPostgres::instance();
  std::vector<std::unique_ptr<PgConnection>> all;
  Error error;
  for (int i = 0; i < 30; ++i) {
    auto opened = PgConnection::open({server.url()});
    if (!opened.ok()) {
      error = opened.error();
      break;
    }
    all.push_back(std::move(opened).value());
  }
  CHECK(error.code == ErrorCode::kExhausted);
  CHECK(has(error, "lower store.max_open or raise the server's max_connections"));
}

TEST_CASE("store/postgres: a read-only database is read, and says so when it is written to") {
  if (!have_postgres()) return;
  auto& server = OwnPostgres::instance();
  const std::string url = server.empty_url();
  const std::string read_only = url + "%20-cdefault_transaction_read_only%3Don";
  CHECK(open_error(read_only).code == ErrorCode::kDenied);
  REQUIRE(open_ok(url)->upsert_hostnames(1, make_hostnames(3)).ok());
  const auto store = open_ok(read_only);
  CHECK(hostnames_of(*store).size() == 3);
  const Status written = store->upsert_hostnames(1, make_hostnames(1));
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().code == ErrorCode::kDenied);
  CHECK(has(written.error(), "read-only"));
  CHECK(on_loan(*store) == 0);
}

TEST_CASE("store/postgres: a schema from the future, and another program's tables, are refused") {
  if (!have_postgres()) return;
  auto& server = OwnPostgres::instance();
  const std::string url = server.empty_url();
  (void)open_ok(url);
  PgServer::execute(url, "INSERT INTO m8_schema (version) VALUES (99)");
  const Error newer = open_error(url);
  CHECK(newer.code == ErrorCode::kUnsupported);
  CHECK(has(newer, "schema (99) is newer"));
  const std::string foreign = server.empty_url();
  PgServer::execute(foreign, "CREATE TABLE run (x int)");
  const Error clash = open_error(foreign);
  CHECK(clash.code == ErrorCode::kInvalidArgument);
  CHECK(has(clash, "give m8 a database or a schema of its own"));
  OpenOptions reader;
  reader.must_exist = true;
  CHECK(open_error(server.empty_url(), reader).code == ErrorCode::kNotFound);
}

TEST_CASE("store/postgres: programs that start at once bring the schema up once") {
  if (!have_postgres()) return;
  const std::string url = OwnPostgres::instance().empty_url();
  std::atomic<int> opened{0};
  {
    std::vector<std::jthread> programs;
    for (int i = 0; i < 4; ++i)
      programs.emplace_back([&] { opened += open_store(url).ok() ? 1 : 0; });
  }
  CHECK(opened == 4);
}

TEST_CASE("store/postgres: after a restart of the server the next operation works") {
  if (!have_postgres()) return;
  auto& server = OwnPostgres::instance();
  const auto store = open_ok(server.empty_url());
  REQUIRE(store->upsert_hostnames(1, make_hostnames(10)).ok());
  server.restart();
  CHECK(hostnames_of(*store).size() == 10);
  server.restart();
  CHECK(store->upsert_hostnames(1, make_hostnames(10, 10)).ok());
  CHECK(store->info()->pool->broken >= 2);
  CHECK(on_loan(*store) == 0);
}

TEST_CASE("store/postgres: killed in the middle of the batches, whole batches are left") {
  if (!have_postgres()) return;
  auto& server = OwnPostgres::instance();
  const auto store = open_ok(server.empty_url());
  std::atomic<int> committed{0};
  Status last;
  std::jthread writer([&] {
    for (int i = 0; last.ok(); ++i) {
      last = store->upsert_hostnames(1, make_hostnames(500, i * 500));
      if (last.ok()) committed += 500;
    }
  });
  while (committed < 1000) std::this_thread::yield();
  server.kill();
  writer.join();
  CHECK(last.error().code == ErrorCode::kNetwork);
  server.start();
  const auto rows = static_cast<int>(hostnames_of(*store).size());
  CHECK(rows % 500 == 0);
  CHECK(rows >= committed);
  CHECK(on_loan(*store) == 0);
}

TEST_CASE("store/postgres: what was found while the server was down is stored when it is back") {
  if (!have_postgres()) return;
  auto& server = OwnPostgres::instance();
  const auto store = open_ok(server.empty_url());
  StoreSink sink(*store, 1, {{50, 1 << 20}, std::chrono::hours(1)});
  for (const auto& record : make_hostnames(60)) REQUIRE(sink.hostname(record).ok());
  REQUIRE(sink.flush().ok());
  server.kill();
  for (const auto& record : make_hostnames(40, 60)) REQUIRE(sink.hostname(record).ok());
  const Status down = sink.flush();
  REQUIRE_FALSE(down.ok());
  CHECK(down.error().code == ErrorCode::kNetwork);
  server.start();
  CHECK(sink.flush().ok());
  CHECK(hostnames_of(*store).size() == 100);
}

/// A schema whose tables lie on a disk of 3 MB, as long as it lives.
class SmallTablespace {
 public:
  SmallTablespace() : disk_(OwnPostgres::instance().directory("small")) {
    mounted = ::mount("tmpfs", disk_.c_str(), "tmpfs", 0, "size=3m") == 0;
    if (!mounted) return;
    auto& server = OwnPostgres::instance();
    OwnPostgres::give_away(disk_);
    PgServer::execute(server.url(), fmt::format("CREATE TABLESPACE small LOCATION '{}'", disk_));
    url = server.empty_url("%20-cdefault_tablespace%3Dsmall");
  }
  ~SmallTablespace() {
    if (!mounted) return;
    const std::string& of_server = OwnPostgres::instance().url();
    const std::string schema = url.substr(url.rfind("own_"), url.rfind("%20") - url.rfind("own_"));
    PgServer::execute(of_server, fmt::format("DROP SCHEMA {} CASCADE", schema));
    PgServer::execute(of_server, "DROP TABLESPACE small");
    ::umount2(disk_.c_str(), MNT_DETACH);
  }
  SmallTablespace(const SmallTablespace&) = delete;
  SmallTablespace& operator=(const SmallTablespace&) = delete;

  bool mounted = false;
  std::string url;

 private:
  const std::string disk_;
};

/// Calls \p write with 0, 1, 2 ... until the disk is full; how many were committed.
int fill(Store& store, const std::function<Status(int)>& write) {
  int committed = 0;
  Status status;
  while (committed < 1'000 && status.ok()) {
    status = write(committed);
    committed += status.ok() ? 1 : 0;
  }
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kExhausted);
  CHECK(has(status.error(), "free space on the server's disk"));
  CHECK(on_loan(store) == 0);
  CHECK(committed > 0);
  return committed;
}

TEST_CASE("store/postgres: a full disk loses nothing that was committed") {
  if (!have_postgres()) return;
  const SmallTablespace disk;
  if (!disk.mounted) {
    MESSAGE("not checked: may not mount a tmpfs");
    return;
  }
  const auto store = open_ok(disk.url);
  SUBCASE("hostnames") {
    const int batches = fill(
        *store, [&](int i) { return store->upsert_hostnames(1, make_hostnames(500, i * 500)); });
    CHECK(static_cast<int>(hostnames_of(*store).size()) == batches * 500);
  }
  SUBCASE("issues") {
    const int batches = fill(*store, [&](int i) {
      std::vector<model::Issue> batch;
      for (int j = 0; j < 50; ++j) {
        batch.push_back(make_issue(fmt::format("t{}", i), fmt::format("http://a.com/{}", j)));
        batch.back().event = "{\"response\":\"" + std::string(500, 'x') + "\"}";
      }
      return store->upsert_issues(1, batch);
    });
    CHECK(static_cast<int>(issues_of(*store).size()) == batches * 50);
  }
}

TEST_CASE("store/postgres: a lock of another program is a time-out") {
  if (!have_postgres()) return;
  auto& server = OwnPostgres::instance();
  const std::string url = server.empty_url("%20-clock_timeout%3D30");
  const auto store = open_ok(url);
  const auto other = PgServer::connect(url);
  REQUIRE(other->execute("BEGIN; LOCK TABLE hostname").ok());
  const Status status = store->upsert_hostnames(1, make_hostnames(1));
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kTimeout);
  REQUIRE(other->execute("ROLLBACK").ok());
  CHECK(store->upsert_hostnames(1, make_hostnames(1)).ok());
}

TEST_CASE("store/postgres: bytes that are no text are stored with U+FFFD in their place") {
  if (!have_postgres()) return;
  const auto store = open_ok(OwnPostgres::instance().empty_url());
  model::Hostname record = make_hostname("a.org", "a.org");
  record.resolver = std::string("x\0y\xff", 4);
  REQUIRE(store->upsert_hostnames(1, {&record, 1}).ok());
  CHECK(hostnames_of(*store).at(0).resolver == "x\xef\xbf\xbdy\xef\xbf\xbd");
  REQUIRE(store->add_domain({std::string("n\0l", 3), true, {}}).ok());
}

TEST_CASE("store/postgres: the same name twice in a batch is what both would have made of it") {
  if (!have_postgres()) return;
  const auto store = open_ok(OwnPostgres::instance().empty_url());
  std::vector<model::Hostname> batch = {make_hostname("a.org", "a.org", 0),
                                        make_hostname("a.org", "a.org", 9)};
  batch[1].sources = {"permute"};
  REQUIRE(store->upsert_hostnames(1, batch).ok());
  const auto rows = hostnames_of(*store);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].first_seen == at_second(0));
  CHECK(rows[0].last_seen == at_second(9));
  CHECK(rows[0].sources == std::vector<std::string>{"bruteforce", "permute"});
}

TEST_CASE("store/postgres: a prepared statement is known by its name, on its connection") {
  if (!have_postgres()) return;
  const auto connection = PgServer::connect(OwnPostgres::instance().url());
  REQUIRE(connection->prepare("twice", "SELECT 2 * $1::bigint").ok());
  CHECK(connection->execute_prepared("twice", {std::int64_t{21}})->integer(0, 0) == 42);
  const auto unknown = connection->execute_prepared("thrice", {});
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::kNotFound);
  CHECK(unknown.error().message == "prepared statement thrice not found");
}

TEST_CASE("store/postgres: large answers are read in pieces, by several readers at once") {
  if (!have_postgres()) return;
  const auto store = open_ok(OwnPostgres::instance().empty_url());
  REQUIRE(store->upsert_hostnames(1, make_hostnames(5000)).ok());
  std::atomic<int> seen{0};
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&] {
        std::string last;
        (void)store->for_each_hostname({}, [&](const model::Hostname& record) -> Status {
          if (record.hostname <= last) return Error{ErrorCode::kInternal, "out of order"};
          last = record.hostname;
          ++seen;
          return {};
        });
      });
    }
  }
  CHECK(seen == 15'000);
  CHECK(on_loan(*store) == 0);
}
