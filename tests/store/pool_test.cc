#include "store/pool.h"

#include <atomic>
#include <optional>
#include <thread>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::store;
using namespace std::chrono_literals;

namespace {

struct World {
  std::atomic<int> made{0}, living{0};
  std::atomic<bool> refuses{false}, gone{false};
};

class FakeConnection final : public PooledConnection {
 public:
  explicit FakeConnection(World& world) : world_(world) { ++world_.living; }
  ~FakeConnection() override { --world_.living; }
  bool usable() const override { return !broken; }
  bool alive() override { return !world_.gone; }
  bool broken = false;

 private:
  World& world_;
};

class FakeConnector final : public Connector {
 public:
  explicit FakeConnector(World& world) : world_(world) {}
  Result<std::unique_ptr<PooledConnection>> connect() override {
    if (world_.refuses) return Error{ErrorCode::kNetwork, "refused"};
    ++world_.made;
    return std::unique_ptr<PooledConnection>(std::make_unique<FakeConnection>(world_));
  }

 private:
  World& world_;
};

struct Fixture {
  explicit Fixture(PoolOptions options = {})
      : pool(std::make_unique<FakeConnector>(world), options, clock) {}
  ~Fixture() {
    const PoolStats stats = pool.stats();
    CHECK(stats.in_use == 0);
    CHECK(stats.open == stats.idle);
    CHECK(world.living == stats.open);  // none was leaked
  }
  World world;
  FakeClock clock;
  Pool pool;
};

PoolOptions at_most(int open, std::chrono::milliseconds wait = 5s) {
  PoolOptions options;
  options.max_open = open;
  options.wait_timeout = wait;
  return options;
}

std::vector<Pool::Lease> take(Pool& pool, int count) {
  std::vector<Pool::Lease> leases;
  for (int i = 0; i < count; ++i) {
    auto lease = pool.acquire();
    REQUIRE(lease.ok());
    leases.push_back(std::move(lease).value());
  }
  return leases;
}

void wait_until(const std::function<bool()>& what) {
  const auto deadline = SystemClock::instance().now() + 20s;
  while (!what() && SystemClock::instance().now() < deadline) std::this_thread::yield();
  REQUIRE(what());
}

}  // namespace

TEST_CASE("store/pool: the defaults are those of the guides") {
  const PoolOptions options;
  CHECK(options.max_open == 25);
  CHECK(options.max_idle == 25);
  CHECK(options.max_lifetime == 5min);
  CHECK(options.max_idle_time == 2min);
  CHECK(options.ping_timeout == 5s);
}

TEST_CASE("store/pool: a connection that came back is used again") {
  Fixture f;
  for (int i = 0; i < 10; ++i) take(f.pool, 1);
  CHECK(f.world.made == 1);
  take(f.pool, 3);
  CHECK(f.world.made == 3);
  const PoolStats stats = f.pool.stats();
  CHECK(stats.open == 3);
  CHECK(stats.idle == 3);
  CHECK(stats.opened == 3);
}

TEST_CASE("store/pool: a hundred callers share four connections, each gets its turn") {
  Fixture f(at_most(4, 30s));
  std::atomic<int> served{0}, most{0}, now{0};
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 100; ++i) {
      callers.emplace_back([&] {
        for (int turn = 0; turn < 20; ++turn) {
          const auto lease = f.pool.acquire();
          if (!lease.ok()) continue;
          const int here = ++now;
          int seen = most;
          while (here > seen && !most.compare_exchange_weak(seen, here)) {
          }
          std::this_thread::yield();
          --now;
          ++served;
        }
      });
    }
  }
  CHECK(served == 2000);
  CHECK(most <= 4);
  CHECK(f.world.made <= 4);
}

TEST_CASE("store/pool: who waits is served in order") {
  Fixture f(at_most(1, 30s));
  std::optional<std::vector<Pool::Lease>> held = take(f.pool, 1);
  std::vector<int> order;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&f, &order, i] {
      const auto lease = f.pool.acquire();
      if (lease.ok()) order.push_back(i);  // one connection: nobody else is here
    });
    wait_until([&] { return f.pool.stats().waits == static_cast<std::uint64_t>(i + 1); });
  }
  held.reset();
  callers.clear();
  CHECK(order == std::vector<int>{0, 1, 2});
}

TEST_CASE("store/pool: waiting ends, and the queue has a bound") {
  PoolOptions options = at_most(1, 20ms);
  options.max_waiting = 0;
  Fixture none(options);
  const auto held = take(none.pool, 1);
  const auto refused = none.pool.acquire();
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kExhausted);
  CHECK(none.pool.stats().refused == 1);

  Fixture f(at_most(1, 20ms));
  const auto other = take(f.pool, 1);
  const auto late = f.pool.acquire();
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().code == ErrorCode::kExhausted);
  CHECK(late.error().message.find("no connection came free within 20 ms") == 0);
  CHECK(f.pool.stats().timeouts == 1);
}

TEST_CASE("store/pool: a connection that broke or whose server is gone is replaced") {
  Fixture f;
  {
    const auto leases = take(f.pool, 2);
    static_cast<FakeConnection&>(*leases[0]).broken = true;
  }
  CHECK(f.pool.stats().open == 1);
  CHECK(f.pool.stats().broken == 1);
  f.world.gone = true;
  take(f.pool, 1);
  CHECK(f.pool.stats().broken == 2);
  CHECK(f.world.made == 3);
}

TEST_CASE("store/pool: the slot of a broken connection goes to who waits") {
  Fixture f(at_most(1, 30s));
  std::optional<std::vector<Pool::Lease>> held = take(f.pool, 1);
  std::atomic<bool> got{false};
  std::jthread caller([&] { got = f.pool.acquire().ok(); });
  wait_until([&] { return f.pool.stats().waits == 1; });
  static_cast<FakeConnection&>(*held->front()).broken = true;
  held.reset();
  caller.join();
  CHECK(got);
  CHECK(f.world.made == 2);
}

TEST_CASE("store/pool: what is old or idle for long is closed") {
  Fixture f;
  take(f.pool, 2);
  f.clock.advance(2min);
  take(f.pool, 1);
  CHECK(f.world.made == 3);
  CHECK(f.pool.stats().expired == 2);
  for (int i = 0; i < 5; ++i) {  // in use all the time, but old
    f.clock.advance(1min);
    take(f.pool, 1);
  }
  CHECK(f.pool.stats().expired == 3);
}

TEST_CASE("store/pool: tend() closes what is idle for long or old when nobody comes") {
  Fixture f;
  take(f.pool, 3);
  f.clock.advance(1min);
  take(f.pool, 1);
  f.clock.advance(61s);
  f.pool.tend();
  CHECK(f.pool.stats().open == 1);
  CHECK(f.pool.stats().expired == 2);
  CHECK(f.world.living == 1);
  f.clock.advance(59s);
  f.pool.tend();
  CHECK(f.pool.stats().open == 0);
  CHECK(f.pool.stats().most_open == 3);
  CHECK(f.world.living == 0);
}

TEST_CASE("store/pool: what is on loan is not closed, however old, until it comes back") {
  Fixture f;
  {
    const auto held = take(f.pool, 1);
    f.clock.advance(10min);
    f.pool.tend();
    CHECK(f.world.living == 1);
  }
  CHECK(f.world.living == 0);
  CHECK(f.pool.stats().expired == 1);
}

TEST_CASE("store/pool: a thread gets the connection that it had, not the last returned") {
  Fixture f;
  auto held = take(f.pool, 2);
  const PooledConnection* const mine = &*held[0];
  std::optional<Pool::Lease> other(std::move(held[1]));
  held.clear();
  std::jthread([&other] { other.reset(); }).join();
  for (int i = 0; i < 3; ++i) {
    const auto lease = f.pool.acquire();
    REQUIRE(lease.ok());
    CHECK(&**lease == mine);
  }
}

TEST_CASE("store/pool: no more than max_idle stay") {
  PoolOptions options;
  options.max_idle = 1;
  Fixture f(options);
  take(f.pool, 3);
  CHECK(f.pool.stats().open == 1);
}

TEST_CASE("store/pool: a server that refuses costs no slot") {
  Fixture f(at_most(1));
  f.world.refuses = true;
  for (int i = 0; i < 3; ++i) CHECK(f.pool.acquire().error().message == "refused");
  f.world.refuses = false;
  CHECK(f.pool.acquire().ok());
}
