#include "enumerate/engine.h"

#include <future>
#include <map>
#include <mutex>
#include <set>

#include <doctest/doctest.h>

#include "base/temp_file.h"
#include "engine_fixture.h"
#include "enumerate/feed.h"

using namespace m8;
using namespace m8::enumerate;
using namespace m8::enumerate::test;

TEST_CASE("enumerate/engine: names that exist are found, with their records") {
  Responder server(TestZone()
                       .host("example.com", "192.0.2.1")
                       .host("www.example.com", "192.0.2.2")
                       .host("www.example.com", "2001:db8::2")
                       .host("six.example.com", "2001:db8::6")
                       .alias("shop.example.com", "www.example.com")
                       .alias("dead.example.com", "gone.example.net"));
  Outcome out;
  enumerate_with(out, server,
                 brute_force({"example.com"}, {"www", "six", "shop", "dead", "nothing", "WWW."}));
  CHECK(out.status.ok());
  CHECK(out.sink.names.size() == 4);
  const auto& www = out.sink.names.at("www.example.com");
  CHECK(www.domain == "example.com");
  CHECK(www.a == std::vector<std::string>{"192.0.2.2"});
  CHECK(www.aaaa == std::vector<std::string>{"2001:db8::2"});
  CHECK(www.sources == std::vector<std::string>{"bruteforce"});
  CHECK(www.resolver == server.address().to_string());
  CHECK(out.sink.names.at("shop.example.com").cname == std::vector<std::string>{"www.example.com"});
  CHECK(!out.sink.names.contains("dead.example.com"));
  CHECK(out.sink.failures.at("dead.example.com") == "alias of gone.example.net: no address");
  CHECK(out.engine->counts().dangling == 1);
  CHECK(out.sink.names.at("example.com").sources == std::vector<std::string>{"input"});
  CHECK(out.engine->counts().denied == 1);
}

TEST_CASE("enumerate/engine: a wildcard does not flood, and real names under it are kept") {
  Responder server(TestZone()
                       .host("example.com", "192.0.2.1")
                       .host("*.example.com", "192.0.2.99")
                       .host("real.example.com", "192.0.2.5"));
  std::vector<std::string> words{"real"};
  for (int i = 0; i < 300; ++i) words.push_back("word" + std::to_string(i));
  Outcome out;
  enumerate_with(out, server, brute_force({"example.com"}, words));
  CHECK(out.sink.set() == Set{"example.com", "real.example.com"});
  CHECK(out.engine->counts().wildcard == 300);
}

TEST_CASE("enumerate/engine: a wildcard below a name is tested at that name") {
  Responder server(TestZone()
                       .host("dev.example.com", "192.0.2.1")
                       .host("*.dev.example.com", "192.0.2.99")
                       .host("a.dev.example.com", "192.0.2.7")
                       .host("x.lab.example.com", "192.0.2.99"));
  Outcome out;
  enumerate_with(out, server,
                 brute_force({"example.com"}, {"dev", "a.dev", "b.dev", "c.d.dev", "x.lab"}));
  CHECK(out.sink.set() == Set{"dev.example.com", "a.dev.example.com", "x.lab.example.com"});
}

TEST_CASE("enumerate/engine: a name with the wildcard's address is proven by what lies below it") {
  const auto zone = TestZone()
                        .host("example.com", "192.0.2.1")
                        .host("*.example.com", "192.0.2.99")
                        .host("same.example.com", "192.0.2.99")
                        .host("six.example.com", "192.0.2.99")
                        .host("six.example.com", "2001:db8::6")
                        .host("both.example.com", "192.0.2.7")
                        .host("*.both.example.com", "192.0.2.99");
  Responder server(zone);
  const auto input = [] {
    return brute_force({"example.com"}, {"same", "six", "both", "none", "a.none", "x.both"});
  };
  Outcome out;
  enumerate_with(out, server, input());
  CHECK(out.sink.set() ==
        Set{"both.example.com", "example.com", "same.example.com", "six.example.com"});
  CHECK(out.sink.names.at("same.example.com").wildcard == "shared");
  CHECK(out.sink.names.at("six.example.com").wildcard.empty());
  CHECK(out.sink.names.at("both.example.com").wildcard.empty());
  CHECK(out.engine->counts().shared == 1);
  CHECK(out.sink.failures.at("example.com") == "A 192.0.2.99; AAAA none; CNAME none; 4 controls");

  Outcome strict;
  enumerate_with(strict, server, input(), {}, true);
  CHECK(strict.sink.set() == Set{"both.example.com", "example.com"});
}

TEST_CASE("enumerate/engine: a name that somebody saw is kept under a wildcard, as shared") {
  Responder server(TestZone().host("example.com", "192.0.2.1").host("*.example.com", "192.0.2.99"));
  auto feed = std::make_unique<Feed>(names_of({"example.com"}));
  feed->push(net::Name::parse("customer.example.com").value(), "crtsh", {});
  feed->push(net::Name::parse("guessed.example.com").value(), "permute", {}, true);
  feed->close();
  Outcome out;
  enumerate_with(out, server, {names_of({"example.com"}), std::move(feed)});
  CHECK(out.sink.set() == Set{"customer.example.com", "example.com"});
  CHECK(out.sink.names.at("customer.example.com").wildcard == "shared");
}

TEST_CASE("enumerate/engine: a zone that fails for every name has failed for none") {
  Responder server([](const Responder::Asked& asked) {
    const auto& name = asked.query.questions[0].name;
    if (name == "example.com" || name == "real.example.com") return one_address(asked);
    return only_rcode(asked, Rcode::kServFail);
  });
  Outcome out;
  enumerate_with(out, server, brute_force({"example.com"}, {"real", "a", "b", "c"}));
  CHECK(out.sink.set() == Set{"example.com", "real.example.com"});
  CHECK(out.engine->counts().wildcard == 3);
  CHECK(out.engine->counts().failed == 0);
}

TEST_CASE("enumerate/engine: nothing is asked below a name that does not exist") {
  Responder server(TestZone().host("example.com", "192.0.2.1"));
  std::vector<std::string> words{"gone"};
  for (int i = 0; i < 2000; ++i) words.push_back("w" + std::to_string(i) + ".gone");
  Outcome out;
  enumerate_with(out, server, brute_force({"example.com"}, words));
  CHECK(out.engine->counts().denied == 2001);
  CHECK(server.queries() < 300);  // those under way when the denial came
}

TEST_CASE("enumerate/engine: a wildcard of a large pool does not flood") {
  for (const int pool : {31, 60'000}) {
    CAPTURE(pool);
    std::atomic<unsigned> turn{0};
    Responder server([&turn, pool](const Responder::Asked& asked) {
      const auto& question = asked.query.questions[0];
      const bool real = question.name == "real.example.com";
      if (question.name.ends_with(".real.example.com")) return only_rcode(asked, Rcode::kNxDomain);
      Message reply = reply_to(asked.query);
      if (question.type == RrType::kA) {
        const unsigned n = real ? 1 : turn++ * 7919u % static_cast<unsigned>(pool);
        reply.answers.push_back(
            {question.name, RrType::kA, dns::kClassIn, 60, net::IpAddress::v4(0x0a000000u + n)});
      }
      return std::vector<std::string>{encoded(reply)};
    });
    std::vector<std::string> words{"real"};
    for (int i = 0; i < 500; ++i) words.push_back("w" + std::to_string(i));
    Outcome out;
    enumerate_with(out, server, brute_force({"example.com"}, words));
    CHECK(out.sink.set() == Set{"example.com", "real.example.com"});
  }
}

TEST_CASE("enumerate/engine: rotating and label-echoing wildcards are learned") {
  std::atomic<int> turn{0};
  Responder server([&turn](const Responder::Asked& asked) {
    const auto& question = asked.query.questions[0];
    Message reply = reply_to(asked.query);
    if (question.name.ends_with("echo.example")) {
      const std::string target = question.name.substr(0, question.name.find('.')) + ".up.cdn";
      reply.answers.push_back(
          {question.name, RrType::kCname, dns::kClassIn, 60, dns::NameData{target}});
      if (question.type == RrType::kA)
        reply.answers.push_back(address_record(target, "192.0.2.200"));
    } else if (question.type == RrType::kA) {
      const std::string ip = "192.0.2." + std::to_string(turn++ % 3);
      reply.answers.push_back(address_record(question.name, ip.c_str()));
    }
    return std::vector<std::string>{encoded(reply)};
  });
  std::vector<std::string> words;
  for (int i = 0; i < 100; ++i) words.push_back("w" + std::to_string(i));
  Outcome out;
  enumerate_with(out, server, brute_force({"echo.example", "turn.example"}, words));
  CHECK(out.sink.set() == Set{"echo.example", "turn.example"});
}

TEST_CASE("enumerate/engine: a domain that does not exist ends early and is named") {
  Responder server([](const auto& asked) { return only_rcode(asked, Rcode::kNxDomain); });
  std::vector<std::string> words;
  for (int i = 0; i < 5000; ++i) words.push_back("w" + std::to_string(i));
  Outcome out;
  enumerate_with(out, server, brute_force({"nothing.example"}, words));
  CHECK(out.status.ok());
  CHECK(out.sink.failures.at("nothing.example") == "no such domain");
  CHECK(out.engine->counts().dead_apex > 4000);
}

TEST_CASE("enumerate/engine: what is outside the scope is never asked for") {
  Responder server(
      TestZone().host("a.example.com", "192.0.2.1").host("b.example.com", "192.0.2.2"));
  net::Scope scope;
  REQUIRE(scope.exclude("b.example.com").ok());
  Outcome out;
  enumerate_with(out, server, brute_force({"example.com"}, {"a", "b", "c.b"}), scope);
  CHECK(out.sink.set() == Set{"a.example.com"});
  CHECK(out.engine->counts().out_of_scope == 2);
}

TEST_CASE("enumerate/engine: a name without an answer is a named failure") {
  Responder server([](const Responder::Asked& asked) {
    if (asked.query.questions[0].name == "slow.example.com") return std::vector<std::string>{};
    return only_rcode(asked, Rcode::kNoError);
  });
  Outcome out;
  enumerate_with(out, server, brute_force({"example.com"}, {"slow", "fast"}));
  CHECK(out.status.ok());
  CHECK(out.sink.failures == std::map<std::string, std::string>{{"slow.example.com", "timeout"}});
  CHECK(out.engine->counts().empty == 2);
}

TEST_CASE("enumerate/engine: silence is an error") {
  Responder server([](const Responder::Asked&) { return std::vector<std::string>{}; });
  std::vector<std::string> words;
  for (int i = 0; i < 500; ++i) words.push_back("w" + std::to_string(i));
  Outcome out;
  enumerate_with(out, server, brute_force({"example.com"}, words));
  REQUIRE(!out.status.ok());
  CHECK(out.status.error().code == ErrorCode::kNetwork);
}

TEST_CASE("enumerate/engine: stopped, it ends and says so") {
  Responder server(one_address);
  Collected sink;
  EngineOptions options;
  options.resolver.servers = {server.address()};
  options.apexes = names_of({"example.com"});
  const net::Scope scope;
  const auto input = brute_force({"example.com"}, {"a"});
  auto engine = Engine::create(options, *input.candidates, scope, sink, SystemClock::instance());
  REQUIRE(engine.ok());
  std::stop_source stop;
  stop.request_stop();
  CHECK((*engine)->run(stop.get_token()).error().code == ErrorCode::kCancelled);
}

TEST_CASE("enumerate/engine: names come from another thread, with their provenance") {
  Responder server(TestZone()
                       .host("example.com", "192.0.2.1")
                       .host("www.example.com", "192.0.2.2")
                       .host("log.example.com", "192.0.2.3"));
  auto feed = std::make_unique<Feed>(names_of({"example.com"}), 1);
  Feed& producer = *feed;
  auto merge = std::make_unique<Merge>();
  merge->add(std::move(feed));
  auto words = brute_force({"example.com"}, {"www", "none"});
  merge->add(std::move(words.candidates));
  Outcome out;
  std::jthread thread([&producer] {
    for (const char* name : {"log.example.com", "log.example.com", "www.example.com"})
      producer.push(net::Name::parse(name).value(), "crtsh", {});
    CHECK(producer.push(net::Name::parse("notexample.com").value(), "crtsh", {}) ==
          Feed::Pushed::kOutside);
    producer.close();
  });
  enumerate_with(out, server, {words.apexes, std::move(merge)});
  CHECK(out.status.ok());
  CHECK(out.sink.set() == Set{"example.com", "log.example.com", "www.example.com"});
  CHECK(out.sink.names.at("log.example.com").sources == std::vector<std::string>{"crtsh"});
  CHECK(out.engine->counts().tried == 5);
  CHECK(out.engine->counts().repeated == 1);
  CHECK(out.sink.failures.contains("www.example.com"));  // "seen" by the other source too
}

namespace {

/// Tries "deep.NAME" for every name found, as recursion and permutations do.
class Follower final : public CandidateSource {
 public:
  Result<Next> next(Candidate& candidate) override {
    if (bases_.empty()) return Next::kNeedsFinds;
    candidate = {"deep." + bases_.back(), 0, false, true, "follower"};
    bases_.pop_back();
    return Next::kCandidate;
  }
  void found(const Candidate&, const model::Hostname& record) override {
    bases_.push_back(record.hostname);
  }
  void finished(const Candidate& candidate, Verdict verdict) override {
    verdicts[candidate.name] = verdict;
  }
  std::map<std::string, Verdict> verdicts;

 private:
  std::vector<std::string> bases_;
};

}  // namespace

TEST_CASE("enumerate/engine: sources hear of every find and every end") {
  Responder server(TestZone()
                       .host("example.com", "192.0.2.1")
                       .host("deep.example.com", "192.0.2.2")
                       .host("deep.deep.example.com", "192.0.2.3"));
  auto follower = std::make_unique<Follower>();
  const Follower& heard = *follower;
  Outcome out;
  enumerate_with(out, server, {names_of({"example.com"}), std::move(follower)});
  CHECK(out.status.ok());
  CHECK(out.sink.set() == Set{"example.com", "deep.example.com", "deep.deep.example.com"});
  CHECK(heard.verdicts == std::map<std::string, Verdict>{
                              {"example.com", Verdict::kFound},
                              {"deep.example.com", Verdict::kFound},
                              {"deep.deep.example.com", Verdict::kFound},
                              {"deep.deep.deep.example.com", Verdict::kDenied},
                          });
}

namespace {

/// Passes candidates on, and keeps how many were under way at most.
class Counter final : public CandidateSource {
 public:
  explicit Counter(std::unique_ptr<CandidateSource> source) : source_(std::move(source)) {}
  Result<Next> next(Candidate& candidate) override {
    const auto next = source_->next(candidate);
    if (next.ok() && *next == Next::kCandidate) most = std::max(most, ++under_way_);
    return next;
  }
  void finished(const Candidate& candidate, Verdict) override {
    if (!candidate.is_apex) --under_way_;
  }
  int most = 0;

 private:
  std::unique_ptr<CandidateSource> source_;
  int under_way_ = 0;
};

}  // namespace

TEST_CASE("enumerate/engine: while memory is tight names are tried one by one, all of them") {
  Responder server(TestZone().host("example.com", "192.0.2.1").host("w7.example.com", "192.0.2.2"));
  std::vector<std::string> words;
  for (int i = 0; i < 60; ++i) words.push_back("w" + std::to_string(i));
  const MemoryGovernor unlimited, tight(resident_bytes());
  REQUIRE(tight.tight());
  for (const MemoryGovernor* memory : {&unlimited, &tight}) {
    Input input = brute_force({"example.com"}, words);
    Counter counter(std::move(input.candidates));
    Collected sink;
    EngineOptions options;
    options.resolver.servers = {server.address()};
    options.apexes = input.apexes;
    options.memory = memory;
    const net::Scope scope;
    const auto engine =
        Engine::create(options, counter, scope, sink, SystemClock::instance()).value();
    CHECK(engine->run({}).ok());
    CHECK(sink.set() == Set{"example.com", "w7.example.com"});
    CHECK(engine->counts().tried == 61);
    CHECK((counter.most == 1) == (memory == &tight));
  }
}

TEST_CASE("enumerate/feed: while memory is tight few names wait in it") {
  const MemoryGovernor tight(resident_bytes());
  REQUIRE(tight.tight());
  Feed feed(names_of({"example.com"}), 4096, &tight);
  std::atomic<int> taken{0};
  std::jthread producer([&](const std::stop_token& stop) {
    for (int i = 0; i < 100; ++i) {
      const auto name = net::Name::parse("w" + std::to_string(i) + ".example.com").value();
      if (feed.push(name, "x", stop) == Feed::Pushed::kTaken) ++taken;
    }
    feed.close();
  });
  while (taken < 16) std::this_thread::yield();
  for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
  CHECK(taken == 16);
  Candidate candidate;
  int passed = 0;
  for (auto next = feed.next(candidate); *next != CandidateSource::Next::kEnd;
       next = feed.next(candidate))
    passed += *next == CandidateSource::Next::kCandidate ? 1 : 0;
  CHECK(passed == 100);
}

TEST_CASE("enumerate/feed: closed or stopped, it takes nothing more and ends") {
  Feed feed(names_of({"example.com", "sub.example.com"}), 1);
  const auto name = [](const char* text) { return net::Name::parse(text).value(); };
  CHECK(feed.push(name("a.sub.example.com"), "x", {}) == Feed::Pushed::kTaken);
  std::stop_source stop;
  stop.request_stop();
  CHECK(feed.push(name("b.example.com"), "x", stop.get_token()) == Feed::Pushed::kClosed);
  Candidate candidate;
  CHECK(*feed.next(candidate) == CandidateSource::Next::kCandidate);
  CHECK(candidate.apex == 1);
  CHECK(!candidate.guess);
  CHECK(*feed.next(candidate) == CandidateSource::Next::kLater);
  feed.close();
  CHECK(feed.push(name("c.example.com"), "x", {}) == Feed::Pushed::kClosed);
  CHECK(*feed.next(candidate) == CandidateSource::Next::kEnd);
}

namespace {

/// Asks its questions one after the other, and keeps what was answered.
class Questions final : public CandidateSource {
 public:
  explicit Questions(std::vector<std::pair<std::string, RrType>> questions)
      : questions_(std::move(questions)) {}
  Result<Next> next(Candidate& candidate) override {
    if (next_ == questions_.size()) return Next::kNeedsFinds;
    candidate.name = questions_[next_].first;
    candidate.question = questions_[next_++].second;
    candidate.apex = 0;
    candidate.guess = false;
    candidate.source = "test";
    return Next::kCandidate;
  }
  void finished(const Candidate& candidate, Verdict) override { CHECK(!candidate.question); }
  void answered(const Candidate& candidate, const dns::Reply* reply) override {
    const std::string what = dns::to_string(*candidate.question) + " " + candidate.name;
    answers[what] = reply == nullptr ? "none" : dns::to_string(reply->rcode());
  }

  std::map<std::string, std::string> answers;

 private:
  const std::vector<std::pair<std::string, RrType>> questions_;
  std::size_t next_ = 0;
};

}  // namespace

TEST_CASE("enumerate/engine: questions of any type are answered, and are no finds") {
  Responder server([](const Responder::Asked& asked) {
    const auto& question = asked.query.questions[0];
    if (question.name == "silent.example.com") return std::vector<std::string>{};
    if (question.name == "broken.example.com") return only_rcode(asked, Rcode::kServFail);
    if (question.name == "gone.example.com") return only_rcode(asked, Rcode::kNxDomain);
    return one_address(asked);
  });
  net::Scope scope;
  REQUIRE(scope.exclude("out.example.com").ok());
  Outcome out;
  auto questions = std::make_unique<Questions>(std::vector<std::pair<std::string, RrType>>{
      {"www.example.com", RrType::kA},
      {"www.example.com", RrType::kNsec},
      {"gone.example.com", RrType::kMx},
      {"broken.example.com", RrType::kMx},
      {"silent.example.com", RrType::kTxt},
      {"out.example.com", RrType::kNs},
      {std::string(70, 'x') + ".example.com", RrType::kNs}});
  const auto& answers = questions->answers;
  enumerate_with(out, server, {names_of({"example.com"}), std::move(questions)}, scope);
  CHECK(out.status.ok());
  CHECK(answers == std::map<std::string, std::string>{
                       {"A www.example.com", "NOERROR"},
                       {"NSEC www.example.com", "NOERROR"},
                       {"MX gone.example.com", "NXDOMAIN"},
                       {"MX broken.example.com", "none"},
                       {"TXT silent.example.com", "none"},
                       {"NS out.example.com", "none"},
                       {"NS " + std::string(70, 'x') + ".example.com", "none"}});
  CHECK(out.sink.set() == Set{"example.com"});
  CHECK(out.engine->counts().tried == 1);
  CHECK(out.engine->counts().failed == 0);
  CHECK(out.engine->counts().questions == 5);  // what is out of scope, or no name, is not asked
  CHECK(out.engine->under_way() == 0);
}

TEST_CASE("enumerate/engine: what an earlier session found is not written again, but made use of") {
  Responder server(
      TestZone().host("example.com", "192.0.2.1").host("www.example.com", "192.0.2.2"));
  struct Heard final : CandidateSource {
    Result<Next> next(Candidate&) override { return Next::kEnd; }
    void found(const Candidate& candidate, const model::Hostname&) override {
      names.push_back(candidate.name + " of " + candidate.source);
    }
    std::vector<std::string> names;
  } heard;
  auto words = brute_force({"example.com"}, {"www"});
  Merge both;
  both.add(std::move(words.candidates));
  both.add(heard);
  EngineOptions options;
  options.resolver.servers = {server.address()};
  options.apexes = names_of({"example.com"});
  Collected sink;
  const net::Scope scope;
  auto engine = Engine::create(options, both, scope, sink, SystemClock::instance()).value();
  model::Hostname known;
  known.domain = "example.com";
  known.hostname = "www.example.com";
  known.sources = {"crtsh", "bruteforce"};
  engine->remember(known);
  known.domain = "elsewhere.test";
  known.hostname = "www.elsewhere.test";
  engine->remember(known);
  CHECK(heard.names == std::vector<std::string>{"www.example.com of crtsh"});
  REQUIRE(engine->run({}).ok());
  CHECK(sink.set() == Set{"example.com"});
  CHECK(engine->counts().repeated == 1);
}

namespace {

/// Tries \p words below z.test with resolvers that nobody vouches for.
void enumerate_checked(Outcome& out, std::vector<dns::Server> servers,
                       const std::vector<std::string>& words) {
  EngineOptions options;
  options.resolver.servers = std::move(servers);
  options.resolver.check = true;
  options.resolver.attempts = 4;
  options.resolver.timeout = std::chrono::seconds(20);
  options.apexes = names_of({"z.test"});
  out.candidates = brute_force({"z.test"}, words).candidates;
  const net::Scope everything;
  out.engine =
      Engine::create(options, *out.candidates, everything, out.sink, SystemClock::instance())
          .value();
  out.status = out.engine->run({});
}

/// One name of ten, and none that can't exist: "n17.z.test", "real7.z.test".
bool is_lied_about(const std::string& name) {
  if (name == "real7.z.test") return true;
  const auto label = name.substr(0, name.find('.'));
  return label[0] == 'n' && label.find_first_not_of("0123456789", 1) == std::string::npos &&
         name.ends_with("7.z.test");
}

const std::string& asked_name(const Responder::Asked& asked) {
  return asked.query.questions[0].name;
}

/// As \p zone, but it knows and denies the wrong names.
Responder::Handler liar(const TestZone& zone) {
  return [zone](const Responder::Asked& asked) {
    if (!is_lied_about(asked_name(asked))) return zone(asked);
    const bool real = asked_name(asked).starts_with("real");
    return real ? only_rcode(asked, Rcode::kNxDomain) : one_address(asked);
  };
}

/// A port where nobody answers, nor will: tests that run beside this one use 127.0.0.1.
net::SocketAddress closed_port() { return net::SocketAddress::parse("127.44.0.1", 1).value(); }

TestZone real_names() {
  return TestZone()
      .host("z.test", "192.0.2.1")
      .host("real.z.test", "192.0.2.5")
      .host("real7.z.test", "192.0.2.7");
}

}  // namespace

TEST_CASE("enumerate/engine: of several resolvers two have to know a name") {
  const auto zone = real_names();
  const Responder honest(zone), as_honest(zone), lying(liar(zone));
  std::vector<std::string> words{"real", "real7"};
  for (int i = 0; i < 200; ++i) words.push_back("n" + std::to_string(i));
  Outcome out;
  enumerate_checked(out, {honest.address(), as_honest.address(), lying.address()}, words);
  REQUIRE(out.status.ok());
  for (const auto& name : out.sink.set()) CHECK((name == "z.test" || name.starts_with("real")));
  CHECK(out.sink.set().contains("real.z.test"));
}

TEST_CASE("enumerate/engine: a liar is not believed while the others are still to come") {
  // They say nothing before it has lied.
  std::promise<void> lied;
  const auto told = lied.get_future().share();
  std::once_flag once;
  const auto zone = real_names();
  const auto late = [&](const Responder::Asked& asked) {
    told.wait_for(std::chrono::seconds(60));
    return zone(asked);
  };
  const Responder honest(late), as_honest(late), lying([&](const Responder::Asked&asked) {
    const bool given_out = asked.query.questions[0].type == RrType::kAaaa;
    if (given_out && is_lied_about(asked_name(asked)))
      std::call_once(once, [&] { lied.set_value(); });
    return liar(zone)(asked);
  });
  Outcome out;
  enumerate_checked(out, {honest.address(), as_honest.address(), lying.address()},
                    {"n7", "n17", "n27", "real"});
  REQUIRE(out.status.ok());
  CHECK(out.sink.set() == Set{"z.test", "real.z.test"});
}

TEST_CASE("enumerate/engine: one resolver's word does not do where the others can't tell") {
  const auto zone = real_names();
  const Responder lying(liar(zone)), failing([&](const Responder::Asked&asked) {
    return is_lied_about(asked_name(asked)) ? only_rcode(asked, Rcode::kServFail) : zone(asked);
  });
  const Responder denying(zone);
  Outcome out;
  enumerate_checked(out, {lying.address(), failing.address()}, {"n7", "real"});
  REQUIRE(out.status.ok());
  CHECK(out.sink.set() == Set{"z.test", "real.z.test"});
  Outcome both;
  enumerate_checked(both, {lying.address(), denying.address()}, {"n7", "real"});
  REQUIRE(both.status.ok());
  CHECK(both.sink.set() == Set{"z.test", "real.z.test"});
}

TEST_CASE("enumerate/engine: one resolver's word has to do where all others are dead") {
  const Responder alone(real_names());
  Outcome out;
  enumerate_checked(out, {closed_port(), alone.address(), closed_port()}, {"real", "real7", "no"});
  REQUIRE(out.status.ok());
  CHECK(out.sink.set() == Set{"z.test", "real.z.test", "real7.z.test"});
}
