#include "script/workers.h"

#include <condition_variable>
#include <mutex>
#include <set>

#include <doctest/doctest.h>

namespace m8::script {
namespace {

/// Counts jobs, and the engines that they got.
class Tally {
 public:
  void add(const Engine& engine) {
    const std::lock_guard lock(mutex_);
    engines_.insert(&engine);
    ++jobs_;
    more_.notify_all();
  }
  void wait_for(std::size_t jobs) {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [&] { return jobs_ >= jobs; });
  }
  std::size_t engines() {
    const std::lock_guard lock(mutex_);
    return engines_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable more_;
  std::set<const Engine*> engines_;
  std::size_t jobs_ = 0;
};

constexpr std::chrono::hours kForEver{1};

TEST_CASE("one engine serves all jobs that can wait") {
  Tally tally;
  Workers workers(16, kForEver);
  for (int i = 0; i < 200; ++i) workers.submit([&](Engine& engine) { tally.add(engine); });
  tally.wait_for(200);
  CHECK(tally.engines() == 1);
}

TEST_CASE("jobs that hang hold up no others") {
  Tally tally;
  Workers workers(4, std::chrono::milliseconds(1));
  for (int i = 0; i < 3; ++i)
    workers.submit([&](Engine& engine) {
      tally.add(engine);
      tally.wait_for(4);
    });
  workers.submit([&](Engine& engine) { tally.add(engine); });
  tally.wait_for(4);
  CHECK(tally.engines() == 4);
}

TEST_CASE("there are no more engines than allowed") {
  Tally tally;
  {
    Workers workers(2, std::chrono::milliseconds(0));
    for (int i = 0; i < 100; ++i) workers.submit([&](Engine& engine) { tally.add(engine); });
    tally.wait_for(100);
  }
  CHECK(tally.engines() <= 2);
}

}  // namespace
}  // namespace m8::script
