#include "api/intake.h"

#include <atomic>
#include <future>
#include <list>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "base/temp_file.h"
#include "store/store.h"

using namespace m8;

namespace {

/// Passes statements on, counts them, and holds the first until it is let go.
class HeldStatements final : public store::Statements {
 public:
  explicit HeldStatements(store::Statements& to) : to_(to) {}

  Result<std::int64_t> run(const store::Query& query, const store::EachRow& each) override {
    const int number = ++count;
    if (number == 1) {
      first_.set_value();
      go_.get_future().wait();
    }
    if (number == fails) return Error{ErrorCode::kTimeout, "the database is gone"};
    return to_.run(query, each);
  }
  Status stream(const store::Query& query, const store::EachRow& each) override {
    return to_.stream(query, each);
  }
  Status compact() override { return {}; }
  void wrote() override {}

  void await_first() { first_.get_future().wait(); }
  void let_go() { go_.set_value(); }

  std::atomic<int> count{0};
  int fails = 0;  ///< number of the statement that does

 private:
  store::Statements& to_;
  std::promise<void> first_, go_;
};

/// One caller, whose write is held, and \p others who come meanwhile with \p each requests.
class Crowd {
 public:
  Crowd(HeldStatements& held, int others, int each) : intake_(held) {
    ask(1);
    held.await_first();
    for (int i = 0; i < others; ++i) ask(each);
    while (intake_.waiting() < static_cast<std::size_t>(others)) std::this_thread::yield();
    held.let_go();
    for (Caller& caller : callers_) caller.thread.join();
  }

  struct Caller {
    std::vector<store::ScanRequest> requests;
    Status status;
    std::thread thread;
  };
  const std::list<Caller>& callers() const { return callers_; }

 private:
  void ask(int count) {
    Caller& caller = callers_.emplace_back();
    for (int i = 0; i < count; ++i) {
      store::ScanRequest& request = caller.requests.emplace_back();
      request.type = "vuln";
      request.options = "{}";
      request.target = "h" + std::to_string(number_++) + ".example";
    }
    caller.thread = std::thread([this, &caller] { caller.status = intake_.add(caller.requests); });
  }

  api::Intake intake_;
  std::list<Caller> callers_;
  int number_ = 0;
};

}  // namespace

TEST_CASE("api/intake: who comes during a write shares the next") {
  const auto folder = TempDirectory::create("/tmp").value();
  const auto store = store::open_store("sqlite:" + folder.path() + "/api.db").value();
  HeldStatements held(store->statements());
  const Crowd crowd(held, 6, 3);
  CHECK(held.count == 2);
  store::ScanRequests written(store->statements());
  std::set<std::int64_t> ids;
  for (const auto& caller : crowd.callers()) {
    CHECK(caller.status.ok());
    for (const auto& request : caller.requests) {
      ids.insert(request.id);
      const auto found = written.find(request.id);
      REQUIRE(found.ok());
      CHECK(found->target == request.target);
    }
  }
  CHECK(ids.size() == 19);
}

TEST_CASE("api/intake: more than a statement takes, and a failure for those alone whom it meets") {
  const auto folder = TempDirectory::create("/tmp").value();
  const auto store = store::open_store("sqlite:" + folder.path() + "/api.db").value();
  HeldStatements held(store->statements());
  held.fails = 3;  // the second hundred of those who share
  const Crowd crowd(held, 3, 50);
  CHECK(held.count == 3);
  std::size_t failed = 0, with_id = 0;
  for (const auto& caller : crowd.callers()) {
    failed += !caller.status.ok();
    for (const auto& request : caller.requests) with_id += request.id != 0;
  }
  CHECK(failed == 1);
  CHECK(with_id == 101);
}
