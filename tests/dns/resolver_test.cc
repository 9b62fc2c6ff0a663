#include "dns/resolver.h"

#include <map>
#include <thread>

#include <doctest/doctest.h>

#include "dns/answer.h"
#include "responder.h"

using namespace m8;
using namespace m8::dns;
using namespace m8::dns::test;

namespace {

/// What a question came to, kept.
struct End {
  int replies = 0;
  Fate fate = Fate::kAnswered;
  Rcode rcode = Rcode::kNoError;
  std::vector<std::string> addresses;
};

/// Asks names and runs the loop until all have a reply.
class Asker final : Resolver::Client {
 public:
  explicit Asker(ResolverOptions options, Clock& clock = SystemClock::instance())
      : poller_(net::Poller::create().value()) {
    resolver_ = Resolver::create(options, poller_, *this, clock).value();
  }

  std::map<std::string, End> ask(std::vector<std::string> names) {
    names_ = std::move(names);
    room();
    resolver_->flush();
    const auto deadline = SystemClock::instance().now() + std::chrono::seconds(200);
    while (ends_.size() < names_.size() && SystemClock::instance().now() < deadline) {
      poller_.poll(std::chrono::milliseconds(50));
      gave_up_ = gave_up_ || !resolver_->hopeless().ok();
    }
    CHECK(resolver_->pending() == 0);
    return ends_;
  }

  End ask_one(const std::string& name) { return ask({name})[name]; }
  const Resolver& resolver() const { return *resolver_; }
  /// Resolver::hopeless() said so at some time.
  bool gave_up() const { return gave_up_; }

 private:
  void room() override {
    while (next_ < names_.size() && resolver_->has_room()) {
      REQUIRE(resolver_->ask(names_[next_], RrType::kA, next_));
      ++next_;
    }
  }
  void replied(const Reply& reply) override {
    End& end = ends_[names_.at(reply.token)];
    ++end.replies;
    end.fate = reply.fate;
    end.rcode = reply.rcode();
    if (reply.fate != Fate::kAnswered) return;
    AnswerValues values;
    values.add(reply.message, RrType::kA);
    end.addresses = values.of(RrType::kA);
  }

  net::Poller poller_;
  std::unique_ptr<Resolver> resolver_;
  std::vector<std::string> names_;
  std::size_t next_ = 0;
  bool gave_up_ = false;
  std::map<std::string, End> ends_;
};

ResolverOptions options_for(std::vector<Server> servers, int attempts = 2) {
  ResolverOptions options;
  options.servers = std::move(servers);
  options.attempts = attempts;
  options.timeout = std::chrono::seconds(20);
  return options;
}

/// A loopback port where nothing listens, nor will: tests that run beside this one use 127.0.0.1.
net::SocketAddress closed_port() { return net::SocketAddress::parse("127.44.0.1", 1).value(); }

/// So short that the test does not take long; what has to be answered gets attempts enough.
constexpr std::chrono::milliseconds kShort{60};
constexpr int kManyAttempts = 250;

/// Nothing is late.
class StoppedClock final : public Clock {
 public:
  SteadyTime now() override { return now_; }
  WallTime wall() override { return SystemClock::instance().wall(); }
  bool sleep_until(SteadyTime, std::stop_token) override { return true; }

 private:
  const SteadyTime now_ = SystemClock::instance().now();
};

const std::vector<std::string> kOneAddress{"192.0.2.1"};

}  // namespace

TEST_CASE("dns/resolver: an answer comes back") {
  Responder server(one_address);
  const End end = Asker(options_for({server.address()})).ask_one("www.example");
  CHECK(end.replies == 1);
  CHECK(end.fate == Fate::kAnswered);
  CHECK(end.addresses == kOneAddress);
}

TEST_CASE("dns/resolver: a denial is an answer") {
  Responder server([](const auto& asked) { return only_rcode(asked, Rcode::kNxDomain); });
  const End end = Asker(options_for({server.address()})).ask_one("www.example");
  CHECK(end.fate == Fate::kAnswered);
  CHECK(end.rcode == Rcode::kNxDomain);
  CHECK(server.queries() == 1);
}

TEST_CASE("dns/resolver: what is lost is asked again, and nothing ends twice or never") {
  // Every name loses its first one to three queries.
  Responder server([](const auto& asked) -> std::vector<std::string> {
    const auto losses = 1 + asked.query.questions[0].name.size() % 3;
    if (static_cast<std::size_t>(asked.times) <= losses) return {};
    return one_address(asked);
  });
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) names.push_back(std::string(1 + i % 3, 'n') + std::to_string(i));
  auto options = options_for({server.address()}, kManyAttempts);
  options.timeout = kShort;
  Asker asker(options);
  const auto ends = asker.ask(names);
  REQUIRE(ends.size() == names.size());
  for (const auto& entry : ends) {
    CAPTURE(entry.first);
    const auto& end = entry.second;
    CHECK(end.replies == 1);
    CHECK(end.addresses == kOneAddress);
  }
  CHECK(asker.resolver().counts().timeouts >= 500);
}

TEST_CASE("dns/resolver: forged answers are dropped") {
  const auto forged = [](const Responder::Asked& asked, auto&& spoil) {
    Message reply = reply_to(asked.query);
    reply.answers.push_back(address_record("www.example", "203.0.113.66"));
    spoil(reply);
    return encoded(reply);
  };
  const auto wrong_id = [](Message& m) { m.id = static_cast<std::uint16_t>(m.id + 1); };
  const auto wrong_name = [](Message& m) { m.questions[0].name = "wwx.example"; };
  const auto wrong_type = [](Message& m) { m.questions[0].type = RrType::kAaaa; };
  const auto no_response = [](Message& m) { m.response = false; };
  const auto no_question = [](Message& m) { m.questions.clear(); };
  Responder server([&](const auto& asked) -> std::vector<std::string> {
    return {forged(asked, wrong_id),    forged(asked, wrong_name),  forged(asked, wrong_type),
            forged(asked, no_response), forged(asked, no_question), "garbage",
            std::string(600, '\xff'),   one_address(asked)[0]};
  });
  Asker asker(options_for({server.address()}));
  CHECK(asker.ask_one("www.example").addresses == kOneAddress);
  CHECK(asker.resolver().counts().stray == 7);
}

TEST_CASE("dns/resolver: an answer from another address does not count") {
  Responder server(one_address);
  server.answer_from_elsewhere();
  auto options = options_for({server.address()});
  options.timeout = kShort;
  const End end = Asker(options).ask_one("www.example");
  CHECK(end.fate == Fate::kTimeout);
  while (server.queries() < 2) std::this_thread::yield();
}

TEST_CASE("dns/resolver: a truncated answer is asked again over TCP") {
  Responder server([](const auto& asked) -> std::vector<std::string> {
    Message reply = reply_to(asked.query);
    for (int i = 0; i < 200; ++i) {
      const std::string ip = "192.0.2." + std::to_string(i);
      reply.answers.push_back(address_record(asked.query.questions[0].name, ip.c_str()));
    }
    return {encoded(reply, asked.tcp ? kMaxMessageBytes : 512)};
  });
  Asker asker(options_for({server.address()}));
  const End end = asker.ask_one("big.example");
  CHECK(end.fate == Fate::kAnswered);
  CHECK(end.addresses.size() == 200);
  CHECK(asker.resolver().counts().truncated == 1);
}

TEST_CASE("dns/resolver: many truncated answers are all fetched") {
  Responder server([](const auto& asked) -> std::vector<std::string> {
    if (asked.tcp) return one_address(asked);
    Message reply = reply_to(asked.query);
    reply.truncated = true;
    return {encoded(reply)};
  });
  auto options = options_for({server.address()}, 3);
  options.in_flight = 300;  // more than connections at a time
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("n" + std::to_string(i));
  for (const auto& [name, end] : Asker(options).ask(names)) CHECK(end.addresses == kOneAddress);
}

TEST_CASE("dns/resolver: TCP that closes early or talks rubbish ends as a named failure") {
  for (const bool rubbish : {false, true}) {
    CAPTURE(rubbish);
    Responder server([rubbish](const auto& asked) -> std::vector<std::string> {
      if (asked.tcp)
        return rubbish ? std::vector<std::string>{"rubbish"} : std::vector<std::string>{};
      Message reply = reply_to(asked.query);
      reply.truncated = true;
      return {encoded(reply)};
    });
    const End end = Asker(options_for({server.address()})).ask_one("www.example");
    CHECK(end.replies == 1);
    CHECK(end.fate == (rubbish ? Fate::kMalformed : Fate::kNetwork));
  }
}

TEST_CASE("dns/resolver: a malformed answer is asked again and then named") {
  Responder server([](const auto& asked) -> std::vector<std::string> {
    std::string reply = one_address(asked)[0];
    reply.resize(reply.size() - 14);  // into the answer record
    return {reply};
  });
  Asker asker(options_for({server.address()}));
  CHECK(asker.ask_one("www.example").fate == Fate::kMalformed);
  CHECK(asker.resolver().counts().malformed == 2);
}

TEST_CASE("dns/resolver: a resolver that fails is followed by another") {
  Responder broken([](const auto& asked) { return only_rcode(asked, Rcode::kServFail); });
  Responder good(one_address);
  StoppedClock clock;
  Asker asker(options_for({broken.address(), good.address()}), clock);
  for (const auto& entry : asker.ask({"a.example", "b.example", "c.example", "d.example"})) {
    CAPTURE(entry.first);
    const auto& end = entry.second;
    CHECK(end.addresses == kOneAddress);
  }
  CHECK(broken.queries() == 2);
}

TEST_CASE("dns/resolver: SERVFAIL from all is the answer") {
  Responder broken([](const auto& asked) { return only_rcode(asked, Rcode::kServFail); });
  const End end = Asker(options_for({broken.address()}, 3)).ask_one("www.example");
  CHECK(end.fate == Fate::kAnswered);
  CHECK(end.rcode == Rcode::kServFail);
  CHECK(broken.queries() == 3);
}

TEST_CASE("dns/resolver: a closed port is noticed at once") {
  auto options = options_for({closed_port()});
  options.timeout = std::chrono::hours(1);
  CHECK(Asker(options).ask_one("www.example").fate == Fate::kNetwork);
}

TEST_CASE("dns/resolver: beside a closed port the open one answers everything") {
  Responder good(one_address);
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("n" + std::to_string(i));
  const auto ends = Asker(options_for({closed_port(), good.address()}, 4)).ask(names);
  for (const auto& [name, end] : ends) CHECK(end.addresses == kOneAddress);
}

TEST_CASE(
    "dns/resolver: EDNS is asked with when 512 bytes are too few, TCP when it brings no more") {
  for (const bool enough : {true, false}) {
    CAPTURE(enough);
    Responder server([enough](const auto& asked) -> std::vector<std::string> {
      if (asked.tcp || (enough && asked.query.edns)) return one_address(asked);
      Message reply = reply_to(asked.query);
      reply.truncated = true;
      return {encoded(reply)};
    });
    Asker asker(options_for({server.address()}, 1));
    CHECK(asker.ask_one("a.example").addresses == kOneAddress);
    CHECK(server.queries() == (enough ? 2 : 3));
    CHECK(asker.resolver().counts().truncated == (enough ? 0 : 1));
  }
}

TEST_CASE("dns/resolver: who does not know EDNS is asked without, and over TCP") {
  Responder old_server([](const auto& asked) -> std::vector<std::string> {
    if (asked.query.edns) return only_rcode(asked, Rcode::kFormErr);
    if (asked.tcp) return one_address(asked);
    Message reply = reply_to(asked.query);
    reply.truncated = true;
    return {encoded(reply)};
  });
  Asker asker(options_for({old_server.address()}, 1));
  CHECK(asker.ask_one("a.example").addresses == kOneAddress);
  CHECK(old_server.queries() == 4);  // plain, EDNS, plain, TCP
}

TEST_CASE("dns/resolver: names of any length go out together and come back") {
  Responder server(one_address);
  std::vector<std::string> names;
  for (int i = 0; i < 600; ++i)
    names.push_back(std::string(1 + static_cast<std::size_t>(i * 7 % 40), 'n') + std::to_string(i));
  Asker asker(options_for({server.address()}));
  for (const auto& [name, end] : asker.ask(names)) CHECK(end.addresses == kOneAddress);
  CHECK(asker.resolver().counts().received >= 600);
}

TEST_CASE("dns/resolver: silence everywhere is noticed") {
  Responder silent([](const auto&) { return std::vector<std::string>{}; });
  std::vector<std::string> names;
  for (int i = 0; i < 64; ++i) names.push_back("n" + std::to_string(i));
  auto options = options_for({silent.address()}, 1);
  options.timeout = std::chrono::milliseconds(20);
  Asker asker(options);
  CHECK(asker.resolver().hopeless().ok());
  for (const auto& [name, end] : asker.ask(names)) CHECK(end.fate == Fate::kTimeout);
  while (asker.resolver().hopeless().ok()) std::this_thread::yield();  // it has lasted long enough
  CHECK(asker.resolver().hopeless().error().code == ErrorCode::kNetwork);
}

TEST_CASE("dns/resolver: a standstill of everything is no reason to give up") {
  // All queries of a quarter of a second are lost, when many are under way.
  const auto still = [](const Responder::Asked& asked) {
    static std::atomic<int> answered{0};
    static std::atomic<std::int64_t> until{0};
    const auto now = SystemClock::instance().now().time_since_epoch();
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    if (++answered == 500) until = millis + 250;
    return millis < until ? std::vector<std::string>{} : one_address(asked);
  };
  Responder a(still), b(still), c(still);
  auto options = options_for({a.address(), b.address(), c.address()}, 4);
  options.in_flight = 1000;
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i) names.push_back("n" + std::to_string(i));
  Asker asker(options);
  for (const auto& [name, end] : asker.ask(names)) CHECK(end.addresses == kOneAddress);
  CHECK(asker.resolver().counts().timeouts > 0);
  CHECK(!asker.gave_up());
}

TEST_CASE("dns/resolver: a rate is kept, retries included") {
  Responder server(one_address);
  auto options = options_for({server.address()});
  options.rate = net::Rate{200};
  std::vector<std::string> names;
  for (int i = 0; i < 80; ++i) names.push_back("n" + std::to_string(i));
  const auto begin = SystemClock::instance().now();
  CHECK(Asker(options).ask(names).size() == 80);
  // 80 at 200/s, of which a tenth of a second's worth may go at once.
  CHECK(SystemClock::instance().now() - begin >= std::chrono::milliseconds(250));
}

TEST_CASE("dns/resolver: options out of range are refused") {
  auto poller = net::Poller::create().value();
  struct Nobody final : Resolver::Client {
    void replied(const Reply&) override {}
    void room() override {}
  } nobody;
  auto create = [&](const ResolverOptions& options) {
    return Resolver::create(options, poller, nobody, SystemClock::instance()).ok();
  };
  const auto good = options_for({loopback(5300)});
  CHECK(create(good));
  auto bad = good;
  bad.servers.clear();
  CHECK(!create(bad));
  bad = good;
  bad.in_flight = 0;
  CHECK(!create(bad));
  bad = good;
  bad.in_flight = 40000;
  CHECK(!create(bad));
  bad = good;
  bad.attempts = 0;
  CHECK(!create(bad));
}

TEST_CASE("dns/resolver: a refused datagram fails what went to that resolver, and no more") {
  Responder good(one_address);
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("n" + std::to_string(i));
  // Each name is tried on a closed port at most once: no attempt is taken from it twice.
  StoppedClock clock;
  Asker asker(options_for({closed_port(), good.address(), closed_port()}, 3), clock);
  for (const auto& [name, end] : asker.ask(names)) {
    CHECK(end.replies == 1);
    CHECK(end.addresses == kOneAddress);
  }
  CHECK(good.queries() == 300);
  CHECK(asker.resolver().counts().timeouts == 0);
  CHECK(asker.resolver().counts().quarantines > 0);
}

namespace {

/// Gives every name one false address.
std::vector<std::string> false_address(const Responder::Asked& asked) {
  Message reply = reply_to(asked.query);
  reply.answers.push_back(address_record(asked.query.questions[0].name, "127.66.66.66"));
  return {encoded(reply)};
}

/// One address for "n...example", no such name for the rest.
std::vector<std::string> honest(const Responder::Asked& asked) {
  const auto& name = asked.query.questions[0].name;
  if (name.starts_with("n") && name.ends_with(".example")) return one_address(asked);
  return only_rcode(asked, Rcode::kNxDomain);
}

ResolverOptions checking(std::vector<Server> servers) {
  auto options = options_for(std::move(servers), 4);
  options.check = true;
  return options;
}

std::vector<std::string> numbered(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back("n" + std::to_string(i) + ".example");
  return names;
}

}  // namespace

TEST_CASE("dns/resolver: a resolver that lies is caught before it is asked") {
  std::atomic<int> asked_names{0};
  Responder good(honest), other(honest), liar([&](const Responder::Asked&asked) {
    if (asked.query.questions[0].name.ends_with(".example")) ++asked_names;
    return false_address(asked);
  });
  Asker asker(checking({liar.address(), good.address(), other.address()}));
  for (const auto& [name, end] : asker.ask(numbered(500))) CHECK(end.addresses == kOneAddress);
  CHECK(asker.resolver().counts().liars == 1);
  CHECK(asked_names == 0);
}

TEST_CASE("dns/resolver: what a resolver said since its last honest canary is asked again") {
  std::atomic<int> asked_names{0};
  Responder turncoat([&](const Responder::Asked& asked) {
    const bool name = asked.query.questions[0].name.ends_with(".example");
    if (name) ++asked_names;
    return asked_names > 20 ? false_address(asked) : honest(asked);
  });
  Responder good(honest), other(honest);
  Asker asker(checking({turncoat.address(), good.address(), other.address()}));
  for (const auto& [name, end] : asker.ask(numbered(2000))) {
    CHECK(end.replies == 1);
    CHECK(end.addresses == kOneAddress);
  }
  CHECK(asker.resolver().counts().liars == 1);
  CHECK(asker.resolver().counts().doubted > 0);
}

TEST_CASE("dns/resolver: one honest canary among lies frees nothing") {
  std::atomic<int> asked_names{0}, canaries{0};
  Responder turncoat([&](const Responder::Asked& asked) {
    const bool name = asked.query.questions[0].name.ends_with(".example");
    if (name) return ++asked_names > 20 ? false_address(asked) : honest(asked);
    // Once it lies, every second canary sees it.
    return asked_names > 20 && ++canaries % 2 == 0 ? false_address(asked) : honest(asked);
  });
  Responder good(honest), other(honest);
  Asker asker(checking({turncoat.address(), good.address(), other.address()}));
  for (const auto& [name, end] : asker.ask(numbered(2000))) CHECK(end.addresses == kOneAddress);
  CHECK(asker.resolver().counts().liars == 1);
}

TEST_CASE("dns/resolver: when every resolver lies, that is the error") {
  Responder liar(false_address), other(false_address);
  auto poller = net::Poller::create().value();
  struct Nobody final : Resolver::Client {
    void replied(const Reply&) override {}
    void room() override {}
  } nobody;
  auto resolver = Resolver::create(checking({liar.address(), other.address()}), poller, nobody,
                                   SystemClock::instance())
                      .value();
  resolver->flush();
  const auto deadline = SystemClock::instance().now() + std::chrono::seconds(200);
  while (resolver->hopeless().ok() && SystemClock::instance().now() < deadline)
    poller.poll(std::chrono::milliseconds(10));
  CHECK(resolver->hopeless().error().code == ErrorCode::kProtocol);
}

TEST_CASE("dns/resolver: lossy resolvers lose no name and cost little time") {
  std::atomic<unsigned> turn{0};
  const auto lossy = [&turn](const Responder::Asked& asked) {
    return turn++ % 10 < 3 ? std::vector<std::string>{} : honest(asked);
  };
  Responder bad(lossy), worse(lossy), good(honest), other(honest);
  Asker asker(checking({bad.address(), worse.address(), good.address(), other.address()}));
  for (const auto& [name, end] : asker.ask(numbered(1000))) CHECK(end.addresses == kOneAddress);
  CHECK(good.queries() + other.queries() > bad.queries() + worse.queries());
}

TEST_CASE("dns/resolver: a silent resolver is left alone") {
  Responder silent([](const auto&) { return std::vector<std::string>{}; });
  Responder good(honest);
  auto options = options_for({silent.address(), good.address()}, kManyAttempts);
  options.timeout = std::chrono::milliseconds(100);
  Asker asker(options);
  for (const auto& [name, end] : asker.ask(numbered(3000))) CHECK(end.addresses == kOneAddress);
  CHECK(asker.resolver().counts().quarantines >= 1);
  CHECK(silent.queries() < 100);
}

TEST_CASE("dns/resolver: trusted resolvers have the last word on what exists") {
  Responder doubtful([](const Responder::Asked& asked) {
    const auto& name = asked.query.questions[0].name;
    return name == "gone.example" ? only_rcode(asked, Rcode::kNxDomain) : false_address(asked);
  });
  Responder trusted(honest);
  auto options = options_for({doubtful.address()});
  options.trusted = {trusted.address()};
  Asker asker(options);
  auto ends = asker.ask({"n1.example", "gone.example", "lie.example"});
  CHECK(ends["n1.example"].addresses == kOneAddress);
  CHECK(ends["gone.example"].rcode == Rcode::kNxDomain);
  CHECK(ends["lie.example"].rcode == Rcode::kNxDomain);
  CHECK(trusted.queries() == 2);
}

TEST_CASE("dns/resolver: a rate for each zone holds one up, not the others") {
  Responder server(one_address);
  auto options = options_for({server.address()});
  options.zone_rate = net::Rate{100};
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("n" + std::to_string(i) + ".slow.com");
  const auto begin = SystemClock::instance().now();
  CHECK(Asker(options).ask(names).size() == 40);
  CHECK(SystemClock::instance().now() - begin >= std::chrono::milliseconds(200));
}

TEST_CASE("dns/resolver: with mixed case an answer has to repeat it") {
  std::atomic<bool> mixed{false};
  Responder honest_case([&mixed](const Responder::Asked& asked) {
    const auto& name = asked.query.questions[0].name;
    if (name != lower(name)) mixed = true;
    return one_address(asked);
  });
  auto options = options_for({honest_case.address()});
  options.mix_case = true;
  CHECK(Asker(options).ask_one("a-rather-long-name.example").addresses == kOneAddress);
  CHECK(mixed);

  Responder forger([](const Responder::Asked& asked) {
    Message reply = reply_to(asked.query);
    reply.questions[0].name = lower(reply.questions[0].name);
    return std::vector<std::string>{encoded(reply)};
  });
  options.servers = {forger.address()};
  options.timeout = kShort;
  CHECK(Asker(options).ask_one("a-rather-long-name.example").fate == Fate::kTimeout);
}
