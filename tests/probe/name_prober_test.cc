#include "probe/name_prober.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "protocols/block_fixture.h"

using namespace m8;
using namespace m8::probe;
using namespace m8::test;
using Tie = model::Hostname::Tie;
using Texts = std::vector<std::string>;

namespace {

class Names final : public model::Sink {
 public:
  Status hostname(const model::Hostname& record) override {
    records_.lock()->push_back(record);
    return {};
  }
  Status endpoint(const model::Endpoint& record) override {
    endpoints_.lock()->push_back(record.title);
    return {};
  }
  /// "NAME STATUS..., TIE BREAK", sorted.
  Texts names() {
    Texts out;
    for (const auto& record : *records_.lock()) {
      std::string text = record.hostname;
      for (const auto& endpoint : record.endpoints) text += " " + std::to_string(endpoint.status);
      if (!record.tie_break.empty()) text += ", " + record.tie_break;
      out.push_back(text);
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  Texts endpoints() {
    Texts out = *endpoints_.lock();
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  Guarded<std::vector<model::Hostname>> records_;
  Guarded<Texts> endpoints_;
};

/// Every name but "gone.test" leads to loopback.
class Loopback final : public net::HostLookup {
 public:
  void lookup(const std::string& host, Callback done) override {
    if (host == "gone.test") return done(Error{ErrorCode::kNotFound, "no such name"});
    done(Addresses{net::IpAddress::parse("127.0.0.1").value()});
  }
};

/// Virtual hosts behind one address: shop.a.test has a page of its own.
std::string virtual_hosts(const std::string& request) {
  const auto at = request.find("Host: ") + 6;
  const std::string host = request.substr(at, request.find_first_of(":\r", at) - at);
  if (host == "shop.a.test")
    return ok_reply("<title>Shop</title>",
                    "Location: http://pay.a.test/\r\n"
                    "Content-Security-Policy: default-src 'self' https://cdn.a.test:8443 *.b.test "
                    "data:; img-src cdn.a.test\r\n");
  return ok_reply("<title>" + host + " is parked</title>");
}

struct Fixture {
  Loopback lookup;
  net::Scope scope;
  net::RateLimiter limiter{{}, SystemClock::instance()};
  std::unique_ptr<http::Session> session;
  Names names;
  NameProber::Options options;
  std::unique_ptr<NameProber> prober;

  explicit Fixture(const RecordingServer& server) {
    session = http::Session::create(SessionFixture::default_options(), lookup, scope, limiter,
                                    SystemClock::instance())
                  .value();
    options.settings.timeout = std::chrono::seconds(5);
    options.ports = {{static_cast<std::uint16_t>(std::stoi(server.port())), "http"}};
  }
  NameProber& start() {
    prober = std::make_unique<NameProber>(
        NameProber::Parts{*session, names, &names, SystemClock::instance()}, options);
    return *prober;
  }
  void give(const std::string& name, Tie tie = Tie::kNone) {
    model::Hostname record;
    record.hostname = name;
    record.tie = tie;
    CHECK(prober->hostname(record).ok());
  }
  ~Fixture() { session.reset(); }
};

}  // namespace

TEST_CASE("probe/name_prober: names go on with what was seen") {
  const RecordingServer server(virtual_hosts);
  Fixture f(server);
  NameProber& prober = f.start();
  f.give("shop.a.test");
  f.give("gone.test");
  model::Hostname denied;
  denied.hostname = "old.a.test";
  denied.live = false;
  CHECK(prober.hostname(denied).ok());
  CHECK(prober.finish({}).ok());
  CHECK(f.names.names() == Texts{"gone.test", "old.a.test", "shop.a.test 200"});
  CHECK(f.names.endpoints() == Texts{"Shop"});
  CHECK(prober.counts().names == 2);
  CHECK(prober.counts().endpoints.failed == 1);
}

TEST_CASE("probe/name_prober: a tie is broken by what is shown") {
  const RecordingServer server(virtual_hosts);
  for (const bool strict : {false, true}) {
    CAPTURE(strict);
    Fixture f(server);
    f.options.strict = strict;
    NameProber& prober = f.start();
    f.give("shop.a.test", Tie::kGuess);
    f.give("www.a.test", Tie::kGuess);
    f.give("seen.a.test", Tie::kSeen);
    f.give("gone.test", Tie::kGuess);
    f.give("shop.a.test", Tie::kSeen);  // it was compared already
    CHECK(prober.finish({}).ok());
    CHECK(f.names.names() == Texts{"shop.a.test 200, redirect"});
    CHECK(prober.counts().distinct == 1);
    CHECK(prober.counts().same_page == 2);
  }
}

TEST_CASE("probe/name_prober: where nobody answers, what somebody saw is kept unless strict") {
  for (const bool strict : {false, true}) {
    CAPTURE(strict);
    auto server = std::make_unique<RecordingServer>(virtual_hosts);
    Fixture f(*server);
    server.reset();
    f.options.strict = strict;
    NameProber& prober = f.start();
    f.give("seen.a.test", Tie::kSeen);
    f.give("guess.a.test", Tie::kGuess);
    CHECK(prober.finish({}).ok());
    CHECK(f.names.names() == (strict ? Texts{} : Texts{"seen.a.test"}));
  }
}

TEST_CASE("probe/name_prober: other names that an answer mentions") {
  const RecordingServer server(virtual_hosts);
  Fixture f(server);
  Guarded<Texts> learned;
  f.options.learn = [&](const std::string& name, std::string_view origin) {
    learned.lock()->push_back(name + " " + std::string(origin));
  };
  int holds = 0;
  f.options.hold = [&] { return std::make_shared<int>(++holds); };
  NameProber& prober = f.start();
  f.give("shop.a.test");
  CHECK(prober.finish({}).ok());
  CHECK(*learned.lock() == Texts{"cdn.a.test csp", "b.test csp", "pay.a.test redirect"});
  CHECK(holds == 1);
}

TEST_CASE("probe/name_prober: what was given last can be waited for, and what is too much told") {
  const RecordingServer server(virtual_hosts);
  Fixture f(server);
  f.options.most_waiting = 1;
  std::atomic<bool> left{false}, room{false};
  NameProber& prober = f.start();
  prober.on_room([&] {
    room = true;
    room.notify_all();
  });
  bool at_once = false;
  prober.when_left([&] { at_once = true; });
  CHECK(at_once);
  f.give("shop.a.test");
  CHECK((prober.full() || room));
  prober.when_left([&] { left = true; });
  room.wait(false);
  CHECK(!prober.full());
  CHECK(prober.finish({}).ok());
  CHECK(left);
}

TEST_CASE("probe/name_prober: interrupted, what waits goes on without being called done") {
  std::atomic<bool> release{false};
  const RecordingServer server([&](const std::string&) {
    release.wait(false);
    return std::string();
  });
  Fixture f(server);
  NameProber& prober = f.start();
  f.give("a.a.test");
  bool done = false;
  prober.when_left([&] { done = true; });
  f.give("b.a.test", Tie::kGuess);
  std::stop_source stop;
  stop.request_stop();
  const Status status = prober.finish(stop.get_token());
  CHECK((!status.ok() && status.error().code == ErrorCode::kCancelled));
  CHECK(!done);
  CHECK(f.names.names() == Texts{"a.a.test"});
  release = true;
  release.notify_all();
}
