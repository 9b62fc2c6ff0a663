// Jobs: what every backend must do.
#include <algorithm>

#include <fmt/format.h>

#include "store/backends.h"
#include "store/sql_jobs.h"

using namespace m8;
using namespace m8::store;
using namespace m8::test;
using What = JobVerdict::What;

namespace {

/// A store with workers a and b, and a run 7 of some jobs.
struct Fleet {
  SqlJobs jobs;

  explicit Fleet(Store& store, double rate = 0, int count = 4) : jobs(store) {
    for (const char* id : {"a", "b"}) REQUIRE(jobs.add_worker({id, 0, 2, 0, id, {}}).ok());
    REQUIRE(jobs.begin(7, rate).ok());
    std::vector<NewJob> all;
    for (int i = 0; i < count; ++i) all.push_back({i, "digest"});
    REQUIRE(jobs.add(7, all).ok());
  }

  JobVerdict start(std::int64_t number, const char* worker, std::vector<std::int64_t> hosts = {},
                   bool alone = false) {
    auto verdict = jobs.start({{7, number}, "digest", worker, std::move(hosts), alone, {}});
    REQUIRE(verdict.ok());
    return std::move(verdict).value();
  }
  Status finish(std::int64_t number, const char* worker, std::vector<std::string> parts = {}) {
    std::size_t at = 0;
    return jobs.finish({7, number}, worker, [&](bool first) -> Result<std::string> {
      if (first) at = 0;
      return at < parts.size() ? parts[at++] : std::string();
    });
  }
  std::string results(std::int64_t number) {
    std::string all;
    REQUIRE(jobs.results({7, number},
                         [&](std::string_view lines) {
                           all += lines;
                           return Status();
                         })
                .ok());
    return all;
  }
  void kill(const char* worker) { REQUIRE(jobs.remove_worker(worker, 1'000).ok()); }
};

}  // namespace

TEST_CASE("store/jobs: a job is one worker's at a time, and done once") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    CHECK(fleet.start(0, "a").what == What::kStarted);
    CHECK(fleet.start(0, "b").what == What::kBusy);
    CHECK(fleet.start(0, "a").what == What::kBusy);
    CHECK_FALSE(fleet.finish(0, "b", {"lies"}).ok());
    CHECK(fleet.finish(0, "a", {"one\n", "two\n"}).ok());
    CHECK(fleet.finish(0, "a", {"twice\n"}).ok());
    CHECK(fleet.results(0) == "one\ntwo\n");
    CHECK(fleet.start(0, "b").what == What::kOver);
  });
}

TEST_CASE("store/jobs: what ended is told until it is taken") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    for (int i : {2, 1}) {
      CHECK(fleet.start(i, "a").attempt == 1);
      CHECK(fleet.finish(i, "a", {"x"}).ok());
    }
    const auto ended = fleet.jobs.ended(7, 10);
    REQUIRE(ended.ok());
    REQUIRE(ended->size() == 2);
    CHECK(ended->at(0).number == 1);
    const std::vector<std::int64_t> both{1, 2};
    REQUIRE(fleet.jobs.take(7, both).ok());
    CHECK(fleet.jobs.ended(7, 10)->empty());
    CHECK(fleet.results(1).empty());
    REQUIRE(fleet.jobs.taken(7)->size() == 2);
    CHECK(fleet.jobs.taken(7)->at(1).number == 2);
    CHECK(fleet.jobs.taken(7)->at(1).digest == "digest");
    const auto counts = fleet.jobs.counts(7);
    CHECK(counts->taken == 2);
    CHECK(counts->waiting == 2);
  });
}

TEST_CASE("store/jobs: a dead worker's jobs and hosts are free, and what it gives is refused") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    CHECK(fleet.start(0, "a", {11, 12}).what == What::kStarted);
    CHECK(fleet.start(1, "b", {12, 13}).what == What::kBusy);
    CHECK(fleet.start(2, "b", {13}).what == What::kStarted);
    CHECK(fleet.jobs.forgotten(7, std::vector<std::int64_t>{0, 1, 2})->size() == 1);
    fleet.kill("a");
    CHECK(fleet.jobs.forgotten(7, std::vector<std::int64_t>{0, 1, 2})->size() == 2);
    CHECK(fleet.jobs.beat("a", 0).error().code == ErrorCode::kNotFound);
    CHECK(fleet.start(0, "b", {11, 12}).attempt == 2);
    CHECK(fleet.finish(0, "a", {"late"}).error().code == ErrorCode::kNotFound);
    CHECK(fleet.start(1, "a").what == What::kBusy);  // it is no worker any more
    CHECK(fleet.finish(0, "b").ok());
    CHECK(fleet.start(3, "b", {11, 12}).what == What::kStarted);
  });
}

TEST_CASE("store/jobs: a beat that went on saves a worker") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    const auto before = fleet.jobs.workers();
    REQUIRE(before->size() == 2);
    REQUIRE(fleet.jobs.beat("a", 1).ok());
    for (const WorkerRow& worker : *before)
      REQUIRE(fleet.jobs.remove_worker(worker.id, worker.beat).ok());
    const auto after = fleet.jobs.workers();
    REQUIRE(after->size() == 1);
    CHECK(after->at(0).id == "a");
    CHECK(after->at(0).running == 1);
  });
}

TEST_CASE("store/jobs: only deaths while it ran alone count, five are enough") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    CHECK(fleet.start(0, "a").what == What::kStarted);
    fleet.kill("a");
    CHECK(fleet.start(0, "b").what == What::kStarted);  // anybody's fault, the first time
    fleet.kill("b");
    REQUIRE(fleet.jobs.add_worker({"c", 0, 1, 0, "c", {}}).ok());
    CHECK(fleet.start(0, "c").what == What::kWantsAlone);
    for (int i = 0; i < 5; ++i) {
      const std::string name = "w" + std::to_string(i);
      REQUIRE(fleet.jobs.add_worker({name, 0, 1, 0, name, {}}).ok());
      CHECK(fleet.start(0, name.c_str(), {}, true).what == What::kStarted);
      fleet.kill(name.c_str());
    }
    const JobVerdict last = fleet.start(0, "c", {}, true);
    CHECK(last.what == What::kGivenUp);
    CHECK(last.reason == "its worker died 5 times while it ran alone");
    CHECK(fleet.jobs.ended(7, 9)->at(0).given_up);
  });
}

TEST_CASE("store/jobs: a death counts for nothing while others die too") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    // Workers are killed in turn, each with the one job it has: no job is to blame.
    for (int i = 0; i < 20; ++i) {
      for (const int number : {0, 1}) {
        const std::string worker = fmt::format("w{}.{}", i, number);
        REQUIRE(fleet.jobs.add_worker({worker, 0, 1, 0, worker, {}}).ok());
        REQUIRE(fleet.start(number, worker.c_str(), {}, true).what == What::kStarted);
      }
      for (const int number : {0, 1}) fleet.kill(fmt::format("w{}.{}", i, number).c_str());
    }
    CHECK(fleet.start(0, "a", {}, true).what == What::kStarted);
    CHECK(fleet.finish(0, "a").ok());
  });
}

TEST_CASE("store/jobs: what nobody can read waits, and is given up in the end") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    const auto refuse = [&](const char* digest) {
      return fleet.jobs.refuse({{7, 2}, digest, "a", {}, false, {3, 50}}, "too new").value();
    };
    const auto forgotten = [&] {
      const std::vector<std::int64_t> number{2};
      return !fleet.jobs.forgotten(7, number)->empty();
    };
    CHECK(refuse("another").what == What::kUnknown);
    CHECK(forgotten());
    CHECK(refuse("digest").attempt == 1);
    CHECK_FALSE(forgotten());
    CHECK(fleet.jobs.give_back({7, 2}, "a").ok());
    CHECK(forgotten());
    CHECK(refuse("digest").what == What::kBusy);
    CHECK(refuse("digest").what == What::kGivenUp);
    CHECK(refuse("digest").attempt == 3);
    const auto ended = fleet.jobs.ended(7, 10);
    REQUIRE(ended.ok());
    REQUIRE(ended->size() == 1);
    CHECK(ended->at(0).given_up);
    CHECK(ended->at(0).reason == "too new");
    // What another has begun, or ended, is not its business.
    CHECK(fleet.start(1, "a").what == What::kStarted);
    const JobStart again{{7, 1}, "digest", "b", {}, false, {1, 1}};
    CHECK(fleet.jobs.refuse(again, "too new").value().what == What::kBusy);
    CHECK(fleet.finish(1, "a").ok());
    CHECK(fleet.jobs.refuse(again, "too new").value().what == What::kOver);
  });
}

TEST_CASE("store/jobs: progress is that of jobs under way") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    CHECK(fleet.start(0, "a").what == What::kStarted);
    CHECK(fleet.start(1, "b").what == What::kStarted);
    const std::vector<JobProgress> a{{{7, 0}, 10}, {{7, 1}, 1'000}}, b{{{7, 1}, 5}};
    CHECK(fleet.jobs.set_progress("a", a).ok());  // of b's job it has no say
    CHECK(fleet.jobs.set_progress("b", b).ok());
    const auto sum = [&] {
      std::uint64_t done = 0;
      const std::vector<JobProgress> jobs = fleet.jobs.progress(7).value();
      for (const JobProgress& job : jobs) done += job.done;
      return done;
    };
    CHECK(sum() == 15);
    CHECK(fleet.finish(0, "a").ok());
    CHECK(sum() == 5);
    CHECK(fleet.jobs.give_back({7, 1}, "b").ok());
    CHECK(fleet.start(1, "a").what == What::kStarted);
    CHECK(sum() == 0);
  });
}

TEST_CASE("store/jobs: a failure is tried again until it was too often") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    for (int i = 1; i <= 5; ++i) {
      CHECK(fleet.start(0, "a", {5}).what == What::kStarted);
      CHECK(*fleet.jobs.fail({7, 0}, "a", "crashed", true, {}) == (i == 5));
    }
    CHECK(fleet.start(0, "a").what == What::kGivenUp);
    CHECK(fleet.start(0, "a").reason == "crashed");
    // What was killed from outside is looked at alone, and does not count.
    CHECK(fleet.start(1, "a", {5}).what == What::kStarted);
    CHECK_FALSE(*fleet.jobs.fail({7, 1}, "a", "killed", false, {}));
    CHECK(fleet.start(1, "a").what == What::kWantsAlone);
    CHECK(fleet.start(1, "a", {}, true).what == What::kStarted);
    REQUIRE(fleet.jobs.give_back({7, 1}, "a").ok());
    CHECK(fleet.start(1, "a", {}, true).attempt == 2);
  });
}

TEST_CASE("store/jobs: shares of a rate never exceed it") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store, 10, 12);
    std::int64_t sum = 0;
    int started = 0;
    for (int i = 0; i < 12; ++i) {
      const JobVerdict verdict = fleet.start(i, i % 2 ? "a" : "b");
      if (verdict.what != What::kStarted) continue;
      ++started;
      CHECK(verdict.share > 0);
      sum += verdict.share;
    }
    CHECK(started == 4);  // the places of all workers
    CHECK(sum <= 10'000);
    CHECK(sum > 9'000);
    CHECK(fleet.finish(0, "b").ok());
    CHECK(fleet.start(5, "a").what == What::kStarted);
    CHECK(fleet.start(6, "a").what == What::kBusy);
  });
}

TEST_CASE("store/jobs: a cancelled run starts nothing, and goes on when it is begun again") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    CHECK(fleet.jobs.cancelled(std::vector<std::int64_t>{7, 8}).value() ==
          std::vector<std::int64_t>{8});
    CHECK(fleet.jobs.cancel(8).error().code == ErrorCode::kNotFound);
    REQUIRE(fleet.jobs.cancel(7).ok());
    CHECK(fleet.jobs.cancelled(std::vector<std::int64_t>{7})->size() == 1);
    CHECK(fleet.start(0, "a").what == What::kOver);
    CHECK(fleet.start(0, "a").cancelled);
    REQUIRE(fleet.jobs.begin(7, 0).ok());
    CHECK(fleet.start(0, "a").what == What::kStarted);
    REQUIRE(fleet.jobs.end(7).ok());
    CHECK(fleet.start(0, "a").what == What::kUnknown);  // no run of this store
    for (int i = 0; i < 7; ++i) REQUIRE(store.begin_run({}).ok());
    CHECK(fleet.start(0, "a").what == What::kOver);
    CHECK_FALSE(fleet.finish(0, "a").ok());
  });
}

TEST_CASE("store/jobs: a message that is not the published one is not started") {
  on_each_backend([](Store& store, const auto&) {
    Fleet fleet(store);
    CHECK(fleet.jobs.start({{7, 0}, "other", "a", {}, false, {}})->what == What::kUnknown);
    CHECK(fleet.jobs.start({{7, 99}, "digest", "a", {}, false, {}})->what == What::kUnknown);
    CHECK(fleet.jobs.start({{8, 0}, "digest", "a", {}, false, {}})->what == What::kUnknown);
  });
}

TEST_CASE("store/jobs: an archive of any bytes comes back, and goes when nobody uses it") {
  on_each_backend([](Store& store, const auto&) {
    std::string bytes;
    for (int i = 0; i < 1'000'000; ++i) bytes.push_back(static_cast<char>(i * 7));
    const WallTime now{std::chrono::hours(1'000'000 / 3)};
    const auto week = std::chrono::hours(24 * 7);
    CHECK_FALSE(*SqlJobs(store).has_bundle("h", now));
    REQUIRE(SqlJobs(store).add_bundle("h", bytes, now, week).ok());
    REQUIRE(SqlJobs(store).add_bundle("h", bytes, now, week).ok());
    CHECK(*SqlJobs(store).has_bundle("h", now));
    CHECK(*SqlJobs(store).bundle("h") == bytes);
    REQUIRE(SqlJobs(store).add_bundle("i", "x", now + 2 * week, week).ok());
    CHECK(SqlJobs(store).bundle("h").error().code == ErrorCode::kNotFound);
  });
}
