// Against a real Redis, which is killed, stopped and replaced by strangers.
#include "cache/redis.h"

#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/temp_file.h"
#include "bench/redis_server.h"
#include "cache/cache.h"
#include "cache/registry.h"
#include "metrics/metrics.h"
#include "net/socket.h"

using namespace m8;
using namespace m8::cache;
using namespace std::chrono_literals;

namespace {

/// Room for a machine that does ten things at once; what has to be late is stopped.
constexpr auto kEnough = 5s;

/// A Redis for one case; nothing if it is not installed, which in CI is a failure.
struct Server {
  explicit Server(std::vector<std::string> more = {})
      : temp(TempDirectory::create("/tmp").value()) {
    auto started = bench::RedisServer::start(temp.path(), SystemClock::instance(), 0, more);
    if (started.ok()) redis.emplace(std::move(*started));
    const char* ci = std::getenv("CI");
    if (!redis && ci && *ci) FAIL(started.error().message);
    if (!redis) MESSAGE("not checked with Redis: ", started.error().message);
  }
  explicit operator bool() const { return redis.has_value(); }
  /// Another one on the same port.
  void restart() {
    const std::uint16_t port = redis->port();
    redis->kill();
    auto again = bench::RedisServer::start(temp.path(), SystemClock::instance(), port);
    REQUIRE(again.ok());
    redis.emplace(std::move(*again));
  }
  TempDirectory temp;
  std::optional<bench::RedisServer> redis;
};

std::unique_ptr<Redis> open(const std::string& url, std::chrono::milliseconds timeout = kEnough) {
  Redis::Options options;
  options.link.url = RedisUrl::parse(url).value();
  options.link.connect_timeout = timeout;
  options.link.retry_delay = 10ms;
  options.link.retry_max_delay = 50ms;
  options.timeout = timeout;
  options.patience = timeout;
  return Redis::open(std::move(options)).value();
}

/// Until \p ready, at most half a minute.
template <typename Ready>
bool until(const Ready& ready) {
  const auto end = SystemClock::instance().now() + 30s;
  while (SystemClock::instance().now() < end) {
    if (ready()) return true;
    std::this_thread::yield();
  }
  return false;
}

std::string text(const Bytes& bytes) { return bytes ? *bytes : "(none)"; }

/// Somebody who listens where a Redis should be, and answers \p reply to whoever connects.
class Stranger {
 public:
  explicit Stranger(std::string reply)
      : listener_(net::tcp_listen(net::SocketAddress::parse("127.0.0.1", 0).value()).value()),
        thread_([this, reply = std::move(reply)](std::stop_token stop) {
          std::vector<Fd> guests;
          while (!stop.stop_requested()) {
            pollfd ready{listener_.get(), POLLIN, 0};
            if (::poll(&ready, 1, 10) <= 0) continue;
            guests.emplace_back(::accept(listener_.get(), nullptr, nullptr));
            (void)!::send(guests.back().get(), reply.data(), reply.size(), MSG_NOSIGNAL);
          }
        }) {}
  std::string url() const {
    return fmt::format("redis://127.0.0.1:{}", net::local_address(listener_.get()).value().port);
  }

 private:
  Fd listener_;
  std::jthread thread_;
};

}  // namespace

TEST_CASE("cache/redis: gives what was put, over TCP and over a unix socket") {
  const Server server;
  if (!server) return;
  for (const std::string& url : {server.redis->url(), server.redis->socket_url() + "?db=3"}) {
    CAPTURE(url);
    const auto redis = open(url);
    const std::string value("a\0b\r\n\xff", 6);
    CHECK(redis->get("k") == nullptr);
    redis->put(std::string_view("k\0\r\n", 4), value, {});
    redis->put("k", "1", {});
    redis->put("k", "2", {});
    CHECK(text(redis->get("k")) == "2");
    CHECK(text(redis->get(std::string_view("k\0\r\n", 4))) == value);
    const std::vector<std::string> keys{"none", "k", std::string("k\0\r\n", 4)};
    const auto many = redis->get_many(keys);
    REQUIRE(many.size() == 3);
    CHECK((!many[0] && text(many[1]) == "2" && text(many[2]) == value));
    CHECK(redis->check().ok());
    CHECK(redis->stats().failures == 0);
    CHECK(redis->stats().bytes > 0);
  }
  const std::string page = metrics::Registry::process().exposition();
  CHECK(page.find(
            R"(m8_service_call_duration_seconds_count{service="redis",call="ask",result="ok"} )") !=
        std::string::npos);
}

TEST_CASE("cache/redis: an entry lives as long as it was told, and never for ever") {
  const Server server;
  if (!server) return;
  const auto redis = open(server.redis->url());
  redis->put("short", "1", {1ms, {}});
  redis->put("long", "2", {1h, {}});
  redis->put("ever", "3", {});
  CHECK(until([&] { return redis->get("short") == nullptr; }));
  std::map<std::string, std::chrono::milliseconds> left;
  REQUIRE(redis->each("", [&](const EntryInfo& info) { left[info.key] = info.remaining; }).ok());
  REQUIRE(left.size() == 2);
  CHECK((left["long"] > 59min && left["long"] <= 1h));
  CHECK((left["ever"] > 24h * 29 && left["ever"] <= 24h * 30));
}

TEST_CASE("cache/redis: forgets by key, by prefix and by tag; others' keys stay") {
  const Server server;
  if (!server) return;
  const auto redis = open(server.redis->url());
  for (int i = 0; i < 2500; ++i) redis->put(fmt::format("x*[{}", i), "v", {});
  redis->put("x*", "v", {});
  redis->put("xy", "v", {});
  redis->put("y:1", "1", {0ms, {"red", "big"}});
  redis->put("y:2", "2", {0ms, {"red"}});
  redis->put("y:3", "3", {0ms, {"big"}});
  CHECK(redis->erase_prefix("x*[").value() == 2500);
  CHECK(redis->get("xy"));
  CHECK(redis->erase("x*").value() == 1);
  CHECK(redis->erase("x*").value() == 0);
  CHECK(redis->erase_tag("red").value() == 2);
  CHECK(redis->erase_tag("red").value() == 0);
  CHECK(text(redis->get("y:3")) == "3");
  std::set<std::string> keys;
  REQUIRE(redis->each("y", [&](const EntryInfo& info) { keys.insert(info.key); }).ok());
  CHECK(keys == std::set<std::string>{"y:3"});
}

TEST_CASE("cache/redis: what many threads ask goes out together and comes back to each") {
  const Server server;
  if (!server) return;
  const auto redis = open(server.redis->url());
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const std::string key = fmt::format("{}-{}", t, i);
        redis->put(key, key, {});
        if (text(redis->get(key)) != key) ++wrong;
      }
    });
  threads.clear();
  CHECK(wrong == 0);
}

TEST_CASE("cache/redis: hits and misses of all processes are counted there") {
  const Server server;
  if (!server) return;
  const auto redis = open(server.redis->url());
  for (int i = 0; i < 2; ++i) {
    Cache cache({"dns"}, *redis);
    cache.put("a", "1");
    cache.get("a");
    cache.get("b");
    cache.get("a");
  }
  const auto counts = redis->counts();
  REQUIRE(counts.ok());
  REQUIRE(counts->size() == 1);
  CHECK((*counts)[0].name == "dns");
  CHECK((*counts)[0].hits == 4);
  CHECK((*counts)[0].misses == 2);
}

TEST_CASE("cache/redis: what was put just before the end is there") {
  const Server server;
  if (!server) return;
  for (int i = 0; i < 100; ++i) open(server.redis->url())->put(fmt::format("k{}", i), "v", {});
  const auto redis = open(server.redis->url());
  for (int i = 0; i < 100; ++i) CHECK(redis->get(fmt::format("k{}", i)));
}

TEST_CASE("cache/redis: one that is killed is a miss, and when it is back it is used again") {
  Server server;
  if (!server) return;
  const auto redis = open(server.redis->url());
  redis->put("k", "v", {});
  REQUIRE(redis->get("k"));
  server.redis->kill();
  CHECK(redis->get("k") == nullptr);
  redis->put("k", "v", {});
  CHECK_FALSE(redis->check().ok());
  CHECK_FALSE(redis->erase("k").ok());
  CHECK(until([&] { return redis->stats().state.find("refused") != std::string::npos; }));
  server.restart();
  CHECK(until([&] { return redis->check().ok(); }));
  CHECK(redis->get("k") == nullptr);
  redis->put("k", "w", {});
  CHECK(text(redis->get("k")) == "w");
  CHECK(redis->stats().state == "ok");
}

TEST_CASE("cache/redis: one that does not answer is left after a few tries, then used again") {
  const Server server;
  if (!server) return;
  const auto redis = open(server.redis->url(), 50ms);
  REQUIRE(until([&] { return redis->check().ok(); }));
  server.redis->signal(SIGSTOP);
  const auto begin = SystemClock::instance().now();
  for (int i = 0; i < 1000; ++i) CHECK(redis->get("k") == nullptr);
  // Each would have waited for 50 ms; after three nobody does.
  CHECK(SystemClock::instance().now() - begin < 25s);
  CHECK(redis->stats().failures == 1000);
  CHECK(redis->stats().state != "ok");
  server.redis->signal(SIGCONT);
  CHECK(until([&] { return redis->check().ok(); }));
  CHECK(until([&] {
    redis->put("k", "v", {});
    return redis->get("k") != nullptr;
  }));
}

TEST_CASE("cache/redis: strangers at its port are misses") {
  const std::string deep = [] {
    std::string lists;
    for (int i = 0; i < 100; ++i) lists += "*1\r\n";
    return lists;
  }();
  for (const std::string& reply :
       {std::string(""), std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("+OK\r\n"),
        std::string("-ERR max number of clients reached\r\n"), std::string("*2000000000\r\n"),
        std::string("$-5\r\n"), std::string("$99999999999999999999\r\n"), std::string("*-7\r\n"),
        std::string("\0\xff\0", 3), std::string(":12\r\n"), deep}) {
    CAPTURE(reply);
    const Stranger stranger(reply);
    const auto redis = open(stranger.url(), 100ms);
    CHECK(redis->get("k") == nullptr);
    redis->put("k", "v", {});
    CHECK_FALSE(redis->check().ok());
    CHECK(until([&] { return redis->stats().state != "connecting"; }));
    CHECK(redis->stats().state != "ok");
  }
}

TEST_CASE("cache/redis: nobody there is a miss at once") {
  const auto redis = open("redis://127.0.0.1:1");
  const auto socket = open("unix:/nonexistent/redis.sock");
  for (auto* one : {redis.get(), socket.get()}) {
    CHECK(one->get("k") == nullptr);
    std::atomic<int> told{0};
    one->get_later("k", [&](const Bytes& value) { told += value == nullptr; });
    CHECK(until([&] { return told == 1; }));
  }
}

TEST_CASE("cache/redis: a login that is refused, and one that is not") {
  const Server server({"--requirepass", "s3cret"});
  if (!server) return;
  const std::string place = fmt::format("127.0.0.1:{}", server.redis->port());
  for (const std::string& url : {"redis://" + place, "redis://wrong@" + place}) {
    const auto redis = open(url);
    CHECK(redis->get("k") == nullptr);
    const auto status = redis->check();
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().message.find("wrong@") == std::string::npos);
  }
  for (const std::string& url : {"redis://s3cret@" + place, "redis://:s3cret@" + place,
                                 "redis://default:s3cret@" + place + "/2"}) {
    CAPTURE(url);
    CHECK(open(url)->check().ok());
    CHECK(open(url)->name().find("s3cret") == std::string::npos);
  }
}

TEST_CASE("cache/redis: one that is full takes nothing, and that is no failure") {
  const Server server({"--maxmemory", "1", "--maxmemory-policy", "noeviction"});
  if (!server) return;
  const auto redis = open(server.redis->url());
  redis->put("k", "v", {});
  CHECK(redis->get("k") == nullptr);
  CHECK(redis->stats().refused == 1);
  CHECK(redis->stats().state == "ok");
}

TEST_CASE("cache/redis: more than may be in flight is a miss") {
  const Server server;
  if (!server) return;
  Redis::Options options;
  options.link.url = RedisUrl::parse(server.redis->url()).value();
  options.link.in_flight_bytes = 10'000;
  options.timeout = kEnough;
  const auto redis = Redis::open(std::move(options)).value();
  REQUIRE(redis->check().ok());
  redis->put("large", std::string(20'000, 'x'), {});
  CHECK(redis->get("large") == nullptr);
  CHECK(redis->stats().refused == 1);
  redis->put("small", "v", {});
  CHECK(text(redis->get("small")) == "v");
}

TEST_CASE("cache/redis: URLs") {
  struct Case {
    const char* text;
    const char* shown;
    const char* password;
  };
  const Case cases[] = {
      {"redis://h", "redis://h:6379/0", ""},
      {"redis://h:1/2", "redis://h:1/2", ""},
      {"redis://p%40w@h:1", "redis://h:1/0", "p@w"},
      {"redis://u:a@b@[::1]:7/", "redis://[::1]:7/0", "a@b"},
      {"redis://h?db=4", "redis://h:6379/4", ""},
      {"unix:/run/r.sock", "unix:/run/r.sock", ""},
      {"redis+unix:///run/r%20s.sock?db=1&password=x", "unix:/run/r s.sock?db=1", "x"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    const auto url = RedisUrl::parse(one.text);
    REQUIRE(url.ok());
    CHECK(url->shown() == one.shown);
    CHECK(url->password == one.password);
  }
  for (const char* bad :
       {"", "redis:", "redis:h", "redis://", "redis://h:0", "redis://h:99999", "redis://h/x",
        "redis://h/-1", "unix:", "redis://h?x=1", "http://h", "redis://u:s3cret@"}) {
    CAPTURE(bad);
    const auto url = RedisUrl::parse(bad);
    REQUIRE_FALSE(url.ok());
    CHECK(url.error().message.find("s3cret") == std::string::npos);
  }
}
