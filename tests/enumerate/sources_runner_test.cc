// Keys in rotation, rates, the cache, special-use domains, stopping.
#include <atomic>
#include <filesystem>

#include "base/temp_file.h"
#include "cache/files.h"
#include "enumerate/sources/registry.h"
#include "enumerate/sources/runner.h"
#include "enumerate/sources/special_use.h"
#include "http/loopback_server.h"
#include "http/session_fixture.h"

using namespace m8;
using namespace m8::enumerate::sources;
using test::LoopbackServer;
using test::Peer;

namespace {

const net::Name kDomain = net::Name::trusted("example.com");

struct Run {
  test::SessionFixture http;
  RunnerOptions options;
  std::vector<net::Name> domains{kDomain};
  Guarded<std::vector<std::string>> names;
  FakeClock clock;

  std::vector<Report> operator()(const std::vector<Chosen>& sources, Clock& with) {
    names.lock()->clear();
    Runner runner(*http.session, options, with);
    return runner.run(sources, domains,
                      [this](const net::Name& name, std::string_view source) {
                        names.lock()->push_back(std::string(source) + " " + name.text());
                        return true;
                      },
                      {});
  }
  std::vector<Report> operator()(const std::vector<Chosen>& sources) {
    return (*this)(sources, SystemClock::instance());
  }
};

Chosen at(const char* source, const LoopbackServer& server, std::vector<std::string> keys = {},
          std::string rate = "0") {
  return {find_source(source), {std::move(keys), server.url(""), std::move(rate)}, true};
}

std::string key_of(const std::string& request) {
  const std::size_t at = request.find("x-apikey: ");
  return at == request.npos ? "" : request.substr(at + 10, request.find('\r', at) - at - 10);
}

/// Gives one name; says of each key what \p headers_of says.
class Keyed {
 public:
  explicit Keyed(std::function<std::string(const std::string& key)> answer)
      : server([this, answer = std::move(answer)](Peer& peer) {
          for (std::string request; !(request = peer.read_request()).empty();) {
            used.lock()->push_back(key_of(request));
            peer.write(answer(key_of(request)));
          }
        }) {}
  std::vector<std::string> keys() { return *used.lock(); }

  Guarded<std::vector<std::string>> used;
  LoopbackServer server;
};

std::string good(const std::string& headers = "") {
  const std::string body = R"({"data":[{"id":"a.example.com"}]})";
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}
std::string bad(const std::string& status, const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: 0\r\n\r\n";
}

Report total_of(const std::vector<Report>& reports) {
  Tally tally;
  for (const auto& report : reports) tally.add(report);
  return tally.total();
}

std::vector<net::Name> many_domains(int count) {
  std::vector<net::Name> domains;
  for (int i = 0; i < count; ++i)
    domains.push_back(net::Name::trusted("d" + std::to_string(i) + ".example.com"));
  return domains;
}

}  // namespace

TEST_CASE("enumerate/sources/keys: round robin without quota headers") {
  Keyed service([](const std::string&) { return good(); });
  Run run;
  run.domains = many_domains(4);
  (void)run({at("virustotal", service.server, {"k1", "k2"})});
  CHECK(service.keys() == std::vector<std::string>{"k1", "k2", "k1", "k2"});
}

TEST_CASE("enumerate/sources/keys: the key with the most quota left goes first") {
  Keyed service([](const std::string& key) {
    return good("X-RateLimit-Remaining: " + std::string(key == "k1" ? "2" : "90") + "\r\n");
  });
  Run run;
  run.domains = many_domains(5);
  (void)run({at("virustotal", service.server, {"k1", "k2"})});
  CHECK(service.keys() == std::vector<std::string>{"k1", "k2", "k2", "k2", "k2"});
}

TEST_CASE("enumerate/sources/keys: past limited and refused ones, in the same request") {
  Keyed service([](const std::string& key) {
    if (key == "limited") return bad("429 Slow", "Retry-After: 3600\r\n");
    if (key == "refused") return bad("403 No");
    return good();
  });
  Run run;
  run.domains = many_domains(2);
  const auto reports = run({at("virustotal", service.server, {"limited", "refused", "good"})});
  CHECK_FALSE(failed(reports.at(0).state));
  CHECK(service.keys() == std::vector<std::string>{"limited", "refused", "good", "good"});
}

TEST_CASE("enumerate/sources/keys: a quota used up is not asked for again") {
  Keyed service([](const std::string&) {
    return good("X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 7200\r\n");
  });
  Run run;
  run.domains = many_domains(2);
  const auto reports = run({at("virustotal", service.server, {"k1"})});
  CHECK(service.keys().size() == 1);
  CHECK(reports.at(0).state == State::kPartial);
  CHECK(reports.at(0).reason == "limited for 1 of 2 domains: limit reached before");
}

TEST_CASE("enumerate/sources/rates: 4/m is four a minute") {
  Keyed service([](const std::string&) { return good(); });
  Run run;
  run.domains = many_domains(5);
  const SteadyTime begun = run.clock.now();
  (void)run({at("virustotal", service.server, {"k1"}, "4/m")}, run.clock);
  CHECK(service.keys().size() == 5);
  CHECK(run.clock.now() - begun == std::chrono::seconds(60));
}

TEST_CASE("enumerate/sources/rates: one over all sources") {
  Keyed service([](const std::string&) { return good(); });
  Run run;
  run.options.rate = net::Rate::parse("6/m").value();
  run.options.workers = 1;
  const SteadyTime begun = run.clock.now();
  (void)run({at("virustotal", service.server, {"k1"}), at("anubis", service.server),
             at("crtsh", service.server)},
            run.clock);
  CHECK(run.clock.now() - begun == std::chrono::seconds(20));
}

TEST_CASE("enumerate/sources/cache: a fresh answer is not asked for again, an old one stands in") {
  const TempDirectory folder = TempDirectory::create("/tmp").value();
  std::atomic<bool> working{true};
  Keyed service([&](const std::string&) { return working ? good() : bad("500 Down"); });
  Run run;
  cache::Files files({.folder = folder.path()}, run.clock);
  run.options.cache = &files;
  run.options.ttl = std::chrono::hours(1);
  const std::vector<Chosen> source{at("virustotal", service.server, {"k1"})};

  CHECK_FALSE(run(source, run.clock).at(0).cached);
  const Report again = run(source, run.clock).at(0);
  CHECK(again.cached);
  CHECK(again.state == State::kOk);
  CHECK(again.requests == 0);
  CHECK(run.names.lock()->size() == 1);
  CHECK(service.keys().size() == 1);

  run.clock.advance(std::chrono::hours(2));
  working = false;
  const Report old = run(source, run.clock).at(0);
  CHECK(old.state == State::kDown);
  CHECK(old.names == 1);
  CHECK(old.cached);
  CHECK(old.reason.find("names of 2023-11-14") != old.reason.npos);

  run.clock.advance(std::chrono::hours(24 * 31));
  CHECK(run(source, run.clock).at(0).names == 0);
}

TEST_CASE("enumerate/sources: special-use domains are told to nobody but configured services") {
  for (const char* name : {"lab.test", "a.b.localhost", "x.invalid", "y.example", "example.com",
                           "www.example.org", "host.local", "1.0.0.127.in-addr.arpa", "home.arpa",
                           "a.internal", "a.onion", "localhost", "com"}) {
    CAPTURE(name);
    CHECK(special_use(net::Name::trusted(name)) != "");
  }
  for (const char* name : {"example.de", "notexample.com", "test.com", "attest.org"})
    CHECK(special_use(net::Name::trusted(name)) == "");

  Keyed service([](const std::string&) { return good(); });
  Run run;
  run.domains = {net::Name::trusted("lab.test")};
  std::vector<Chosen> sources;
  for (const Source* source : registry()) sources.push_back({source, {{"who:key"}, "", ""}, false});
  CHECK(run(sources).empty());
  CHECK(run.http.session->stats().requests == 0);
  CHECK(run({at("anubis", service.server)}).size() == 1);
}

TEST_CASE("enumerate/sources: without its key a source that was named is auth") {
  Run run;
  run.domains = {net::Name::trusted("example.de")};
  const auto reports = run({{find_source("shodan"), {}, true}});
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].state == State::kAuth);
  CHECK(reports[0].reason == "no key: M8_SOURCE_SHODAN_KEY or sources.yaml");
  CHECK(run.http.session->stats().requests == 0);
}

TEST_CASE("enumerate/sources: one that is down is not asked about all of a long list") {
  Keyed service([](const std::string&) { return bad("404 Gone"); });
  Run run;
  run.domains = many_domains(50);
  const auto reports = run({at("virustotal", service.server, {"k1"})});
  CHECK(service.keys().size() == 3);
  CHECK(reports.at(0).state == State::kDown);
  CHECK(reports.at(0).reason == "HTTP 404; not asked about the other domains");
}

TEST_CASE("enumerate/sources: stopping ends a run that waits for its rate") {
  Keyed service([](const std::string&) { return good(); });
  test::SessionFixture http;
  Runner runner(*http.session, {}, SystemClock::instance());
  std::stop_source stop;
  const auto reports = runner.run(
      {at("virustotal", service.server, {"k1"}, "1/h")}, many_domains(3),
      [&](const net::Name&, std::string_view) {
        stop.request_stop();
        return true;
      },
      stop.get_token());
  CHECK(reports.size() == 1);
  CHECK(service.keys().size() == 1);
}

TEST_CASE("enumerate/sources: how each did last is remembered") {
  const TempDirectory folder = TempDirectory::create("/tmp").value();
  const std::string path = folder.path() + "/last.jsonl";
  CHECK(read_last(path).empty());
  Report report;
  report.source = "crtsh";
  report.state = State::kLimited;
  report.names = 7;
  report.requests = 2;
  report.duration = std::chrono::milliseconds(1500);
  report.reason = "HTTP 429: \"slow\"";
  report.ended = WallTime(std::chrono::seconds(1'700'000'000));
  REQUIRE(write_last(path, {report}).ok());
  Report other;
  other.source = "anubis";
  REQUIRE(write_last(path, {other}).ok());
  const auto last = read_last(path);
  REQUIRE(last.size() == 2);
  CHECK(last[0].source == "anubis");
  CHECK(last[1].state == State::kLimited);
  CHECK(last[1].names == 7);
  CHECK(last[1].reason == report.reason);
  CHECK(last[1].duration == report.duration);
  CHECK(last[1].ended == report.ended);
}

TEST_CASE("enumerate/sources: reports of several domains come to one") {
  const auto one = [](State state, std::uint64_t names) {
    Report report;
    report.source = "s";
    report.state = state;
    report.names = names;
    report.reason = failed(state) ? "why" : "";
    return report;
  };
  CHECK(total_of({}).state == State::kEmpty);
  CHECK(total_of({one(State::kOk, 2), one(State::kEmpty, 0)}).state == State::kOk);
  CHECK(total_of({one(State::kOk, 2), one(State::kOk, 3)}).names == 5);
  const Report some = total_of({one(State::kOk, 2), one(State::kDown, 0), one(State::kEmpty, 0)});
  CHECK(some.state == State::kPartial);
  CHECK(some.reason == "down for 1 of 3 domains: why");
  CHECK(total_of({one(State::kDown, 0), one(State::kAuth, 0)}).state == State::kDown);
}
