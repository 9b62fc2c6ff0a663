#include <csignal>
#include <fstream>
#include <functional>
#include <utility>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "store/migrate.h"
#include "store/records.h"
#include "store/sqlite_db.h"

using namespace m8;
using namespace m8::store;
using namespace m8::test;

namespace {

std::unique_ptr<SqliteDb> open_db(const std::string& path) {
  auto db = SqliteDb::open(path, std::chrono::milliseconds(10));
  REQUIRE(db.ok());
  return std::move(db).value();
}

Error open_error(const std::string& url) {
  const auto opened = open_store(url);
  REQUIRE_FALSE(opened.ok());
  return opened.error();
}

/// A tmpfs of one megabyte, gone with the guard.
struct SmallDisk {
  TempDirectory directory = make_directory();
  bool mounted = ::mount("tmpfs", directory.path().c_str(), "tmpfs", 0, "size=3m") == 0;
  ~SmallDisk() {
    if (mounted) ::umount2(directory.path().c_str(), MNT_DETACH);
  }
};

}  // namespace

TEST_CASE("store/registry: knows what it can open") {
  const TempDirectory directory = make_directory();
  CHECK(open_store(directory.path() + "/bare.db").ok());
  CHECK(open_store("sqlite:" + directory.path() + "/scheme.db").ok());
  for (const char* url : {"oracle://user:secret@db/m8", "mysql://x"}) {
    const Error error = open_error(url);
    CHECK(error.code == ErrorCode::kUnsupported);
    CHECK(error.message.find("secret") == std::string::npos);
  }
  CHECK(open_error("").code == ErrorCode::kInvalidArgument);
  CHECK(open_error("sqlite:").code == ErrorCode::kInvalidArgument);
}

TEST_CASE("store/registry: the default place lies in the user's data") {
  CHECK(default_store_url("/data") == "sqlite:/data/m8/m8.db");
}

TEST_CASE("store/sqlite: only who writes large batches keeps much of the file in memory") {
  const TempDirectory directory = make_directory();
  const auto db = open_db(directory.path() + "/m8.db");
  const auto kept_kib = [&] {
    auto size = db->prepare("PRAGMA cache_size");
    REQUIRE(size.ok());
    REQUIRE(size->step().ok());
    return -size->integer(0);
  };
  CHECK(kept_kib() == 12 << 10);
  CHECK(db->make_room(4999).ok());
  CHECK(kept_kib() == 12 << 10);
  CHECK(db->make_room(5000).ok());
  CHECK(kept_kib() == 48 << 10);
  CHECK(db->make_room(1).ok());
  CHECK(kept_kib() == 48 << 10);
}

TEST_CASE("store/sqlite: makes missing directories only when asked, for this user alone") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/a/b/m8.db";
  CHECK(open_error(path).code == ErrorCode::kNotFound);
  OpenOptions options;
  options.create_parents = true;
  CHECK(open_store(path, options).ok());
  struct stat status {};
  REQUIRE(::stat((directory.path() + "/a").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("store/sqlite: what is no database of ours is refused by name") {
  const TempDirectory directory = make_directory();
  CHECK(open_error(directory.path()).message == directory.path() + ": is a directory");
  const std::string text = directory.path() + "/text";
  std::ofstream(text) << std::string(5000, 'x');
  CHECK(open_error(text).message == text + ": not a database");
  const std::string foreign = directory.path() + "/foreign.db";
  REQUIRE(open_db(foreign)->execute("CREATE TABLE t (x)").ok());
  CHECK(open_error(foreign).message == foreign + ": a database of another program");
  CHECK(open_error(foreign).code == ErrorCode::kInvalidArgument);
}

TEST_CASE("store/sqlite: an unreadable file is denied") {
  if (::geteuid() == 0) {
    MESSAGE("not checked: root may read everything");
    return;
  }
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/m8.db";
  (void)open_ok(path);
  REQUIRE(::chmod(path.c_str(), 0) == 0);
  CHECK(open_error(path).code == ErrorCode::kDenied);
}

TEST_CASE("store/migrate: a schema from the future is refused, an older one is brought up") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/m8.db";
  (void)open_ok(path);
  REQUIRE(open_db(path)->execute("PRAGMA user_version = 99").ok());
  const Error error = open_error(path);
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK(error.message.find("schema (99) is newer") != std::string::npos);

  struct Recorder final : SchemaOwner {
    int version = 1;
    std::vector<int> applied;
    Result<int> schema_version() override { return version; }
    Status apply(const Migration& step) override {
      if (step.version == 4) return Error{ErrorCode::kIo, "broken"};
      applied.push_back(step.version);
      return {};
    }
  } database;
  const Migration steps[] = {{1, "1", ""}, {2, "2", ""}, {3, "3", ""}, {4, "4.sql", ""}};
  CHECK(migrate(database, std::span(steps).first(3), "db").ok());
  CHECK(database.applied == std::vector<int>{2, 3});
  CHECK(migrate(database, steps, "db").error().message == "migration 4.sql: broken");
}

TEST_CASE("store/migrate: the steps are numbered upwards") {
  for (const auto steps : {sqlite_migrations(), postgres_migrations()}) {
    int last = 0;
    for (const Migration& step : steps) CHECK(step.version > std::exchange(last, step.version));
  }
}

TEST_CASE("store/sqlite: a database locked by another program is said to be, in time") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/m8.db";
  OpenOptions options;
  options.busy_timeout = std::chrono::milliseconds(20);
  const auto store = open_ok(path, options);
  const auto other = open_db(path);
  const auto record = make_hostname("a.example.com");
  {
    const auto transaction = SqliteTransaction::begin(*other);
    REQUIRE(transaction.ok());
    const Status status = store->upsert_hostnames(1, {&record, 1});
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::kTimeout);
    CHECK(status.error().message == path + ": locked by another process");
  }
  CHECK(store->upsert_hostnames(1, {&record, 1}).ok());
}

TEST_CASE("store/sqlite: of a name that a batch holds more than once the last record stands") {
  const TempDirectory directory = make_directory();
  const auto store = open_ok(directory.path() + "/m8.db");
  // Alike in the bytes that sorting looks at first.
  std::vector<model::Hostname> batch;
  for (int i = 0; i < 40; ++i) {
    batch.push_back(make_hostname(fmt::format("sixteen-bytes-and-{}.example.com", i % 3)));
    batch.back().a = {fmt::format("192.0.2.{}", i)};
    batch.back().sources = {fmt::format("source-{}", i % 2)};
  }
  REQUIRE(store->upsert_hostnames(1, batch).ok());
  const auto rows = hostnames_of(*store);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].a == std::vector<std::string>{"192.0.2.39"});
  CHECK(rows[1].a == std::vector<std::string>{"192.0.2.37"});
  CHECK(rows[2].a == std::vector<std::string>{"192.0.2.38"});
  for (const auto& row : rows) CHECK(row.sources.size() == 2);
}

TEST_CASE("store/sqlite: a file of smaller pages is opened and written as before") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/m8.db";
  REQUIRE(
      open_db(path)->execute("PRAGMA journal_mode = DELETE; PRAGMA page_size = 4096; VACUUM").ok());
  REQUIRE(open_ok(path)->upsert_hostnames(1, make_hostnames(2000)).ok());
  CHECK(hostnames_of(*open_ok(path)).size() == 2000);
  const auto db = open_db(path);
  auto pages = db->prepare("PRAGMA page_size");
  REQUIRE(pages.ok());
  REQUIRE(pages->step().ok());
  CHECK(pages->integer(0) == 4096);
}

TEST_CASE("store/sqlite: a damaged file is said to be, without a crash") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/m8.db";
  REQUIRE(open_ok(path)->upsert_hostnames(1, make_hostnames(2000)).ok());
  {
    const Fd file(::open(path.c_str(), O_WRONLY));
    const std::string garbage(8192, '\x5a');
    for (off_t page = 1; page < 40; ++page) {
      REQUIRE(::pwrite(file.get(), garbage.data(), garbage.size(), page * 8192) == 8192);
    }
  }
  const auto opened = open_store(path);
  Status status =
      opened.ok() ? (*opened)->upsert_hostnames(1, make_hostnames(2000)) : Status(opened.error());
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kCorrupt);
  CHECK(status.error().message.find(path + ": database is damaged") == 0);
}

TEST_CASE("store/sqlite: a full database keeps what was committed") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/full.db";
  const auto db = open_db(path);
  REQUIRE(
      db->execute("CREATE TABLE t (x); INSERT INTO t VALUES (1); PRAGMA max_page_count = 8").ok());
  const Status full = db->execute(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
      " INSERT INTO t SELECT i FROM n");
  REQUIRE_FALSE(full.ok());
  CHECK(full.error().code == ErrorCode::kExhausted);
  CHECK(full.error().message.find(path + ": disk is full") == 0);
  auto count = db->prepare("SELECT count(*) FROM t");
  REQUIRE(count.ok());
  REQUIRE(count->step().ok());
  CHECK(count->integer(0) == 1);
}

/// Calls \p write with 0, 1, ... until the disk is full; how often it was not.
int fill(const std::function<Status(int)>& write) {
  for (int done = 0; done < 1'000'000; ++done) {
    const Status status = write(done);
    if (status.ok()) continue;
    CHECK(status.error().code == ErrorCode::kExhausted);
    CHECK(status.error().message.find("disk is full") != std::string::npos);
    return done;
  }
  FAIL("the disk did not get full");
  return 0;
}

TEST_CASE("store/sqlite: a full disk loses nothing that was committed") {
  const SmallDisk disk;
  if (!disk.mounted) {
    MESSAGE("not checked: may not mount a tmpfs");
    return;
  }
  const std::string url = disk.directory.path() + "/m8.db";
  SUBCASE("hostnames") {
    const auto store = open_ok(url);
    const int batches =
        fill([&](int i) { return store->upsert_hostnames(1, make_hostnames(500, i * 500)); });
    CHECK(batches > 0);
    CHECK(static_cast<int>(hostnames_of(*store).size()) == batches * 500);
  }
  SUBCASE("issues") {
    const auto store = open_ok(url);
    const int batches = fill([&](int i) {
      std::vector<model::Issue> batch;
      for (int j = 0; j < 20; ++j)
        batch.push_back(make_issue(fmt::format("t{}", i), fmt::format("http://a.com/{}", j)));
      return store->upsert_issues(1, batch);
    });
    CHECK(batches > 0);
    CHECK(static_cast<int>(issues_of(*store).size()) == batches * 20);
  }
  SUBCASE("runs") {
    const auto store = open_ok(url);
    model::Run run;
    run.arguments = std::string(10'000, 'x');
    const int begun = fill([&](int) {
      const auto id = store->begin_run(run);
      return id.ok() ? Status() : Status(id.error());
    });
    std::vector<model::Run> runs;
    REQUIRE(store->for_each_run({}, collect(runs)).ok());
    CHECK(begun > 0);
    CHECK(static_cast<int>(runs.size()) == begun);
  }
  SUBCASE("messages") {
    const auto store = open_ok(url);
    const int queued = fill([&](int i) {
      Message message;
      message.channel = "hook";
      message.key = std::to_string(i);
      message.body = std::string(10'000, 'x');
      const auto added = store->life().add_message(message);
      return added.ok() ? Status() : Status(added.error());
    });
    int kept = 0;
    REQUIRE(store->life()
                .for_each_message([&kept](const Message&) {
                  ++kept;
                  return Status();
                })
                .ok());
    CHECK(queued > 0);
    CHECK(kept == queued);
  }
}

/// A database as the program left it that knew the schema up to \p version.
void make_old(const std::string& path, int version) {
  const auto db = open_db(path);
  for (const Migration& step : sqlite_migrations())
    if (step.version <= version) REQUIRE(db->execute(step.sql).ok());
  REQUIRE(db->execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                  0x6d380001, version)
                          .c_str())
              .ok());
}

TEST_CASE("store/sqlite: issues of an older schema keep all, and live on") {
  const TempDirectory directory = make_directory();
  for (const int version : {5, 7, 10, 12}) {
    CAPTURE(version);
    const std::string path = fmt::format("{}/{}.db", directory.path(), version);
    make_old(path, version);
    const model::Issue known = make_issue("flaw", "http://a.com/x", 10);
    REQUIRE(open_db(path)
                ->execute(fmt::format("INSERT INTO issue VALUES (7, '{}', 'flaw', 'a name', 'm', 4,"
                                      " 'a.com', 'http://a.com/x', 'a,b', 'V', 1, 2, 3, 4, 'event',"
                                      " 'http://a.com', 0, 1, 2, 5, 6, 'eve', 'note');"
                                      "UPDATE issue SET status = 'R', by_author = 'eve'",
                                      known.signature)
                              .c_str())
                .ok());
    const auto store = open_ok(path);
    auto rows = issues_of(*store);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].id == 7);
    CHECK(rows[0].matcher == "m");
    CHECK(rows[0].tags == "a,b");
    CHECK(rows[0].target == "http://a.com");
    CHECK(rows[0].event == "event");
    CHECK(rows[0].last_run == 4);
    IssueFilter tagged;
    for (const char* tag : {"a", "b"}) {
      tagged.tag = tag;
      CHECK(issues_of(*store, tagged).size() == 1);
    }
    REQUIRE(store->upsert_issues(9, {&known, 1}).ok());
    rows = issues_of(*store);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].status == 'U');
    CHECK(rows[0].last_run == 9);
    std::string history;
    REQUIRE(store->life()
                .for_each_event(7,
                                [&history](const model::IssueEvent& event) {
                                  history += fmt::format("{}{}{} ", event.was.status,
                                                         event.now.status, event.author);
                                  return Status();
                                })
                .ok());
    CHECK(history == "VReve RUm8 ");
  }
}

TEST_CASE("store/sqlite: a program killed in the middle of its batches leaves whole batches") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/m8.db";
  (void)open_ok(path);
  int progress[2];
  REQUIRE(::pipe(progress) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto store = open_store(path);
    for (int i = 0; store.ok(); ++i) {
      if (!(*store)->upsert_hostnames(1, make_hostnames(100, i * 100)).ok()) break;
      if (::write(progress[1], "x", 1) != 1) break;
    }
    ::_exit(1);
  }
  char byte;
  for (int i = 0; i < 3; ++i) REQUIRE(::read(progress[0], &byte, 1) == 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const auto rows = hostnames_of(*open_ok(path)).size();
  CHECK(rows >= 300);
  CHECK(rows % 100 == 0);
  ::close(progress[0]);
  ::close(progress[1]);
}
