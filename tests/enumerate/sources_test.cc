// Every passive source against a server that answers as its documentation says, and against servers
// that refuse, limit, lie, flood and drip.
#include <algorithm>
#include <map>

#include "enumerate/sources/registry.h"
#include "enumerate/sources/runner.h"
#include "http/session_fixture.h"
#include "transcript.h"

using namespace m8;
using namespace m8::enumerate::sources;
using test::LoopbackServer;
using test::Peer;

namespace {

const net::Name kDomain = net::Name::trusted("example.com");
constexpr const char* kKey = "who:K3Y";

/// All sources stand on one host here: one that fails must not close the way to the others.
http::Session::Options without_breaker() {
  auto options = test::SessionFixture::default_options();
  options.service.breaker.max_failures = 0;
  return options;
}

/// The names of a run, by source.
struct Names {
  Guarded<std::map<std::string, std::set<std::string>>> all;
  Runner::Take take() {
    return [this](const net::Name& name, std::string_view source) {
      (*all.lock())[std::string(source)].insert(name.text());
      return true;
    };
  }
  std::set<std::string> of(std::string_view source) { return (*all.lock())[std::string(source)]; }
};

Chosen chosen(const Source& source, const std::string& url,
              std::vector<std::string> keys = {kKey}) {
  // Rates are not this test's business, and would make it last a minute.
  Chosen one{&source,
             {source.key == Key::kNone ? std::vector<std::string>() : std::move(keys), url, "0"},
             true};
  return one;
}

std::vector<Chosen> all_at(const std::string& url) {
  std::vector<Chosen> all;
  for (const Source* source : registry()) all.push_back(chosen(*source, url));
  return all;
}

Report ask(const Source& source, const std::string& url, Names& names, RunnerOptions options = {}) {
  test::SessionFixture http(without_breaker());
  Runner runner(*http.session, options, SystemClock::instance());
  const auto reports = runner.run({chosen(source, url)}, {kDomain}, names.take(), {});
  REQUIRE(reports.size() == 1);
  return reports.front();
}

/// Asks every source a server that always gives \p answer.
std::vector<Report> ask_all(const std::string& answer, RunnerOptions options = {}) {
  LoopbackServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) peer.write(answer);
  });
  test::SessionFixture http(without_breaker());
  Names names;
  Runner runner(*http.session, options, SystemClock::instance());
  const auto reports = runner.run(all_at(server.url("")), {kDomain}, names.take(), {});
  REQUIRE(reports.size() == registry().size());
  return reports;
}

std::string reply(const std::string& status, const std::string& body,
                  const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

bool is_structured(std::string_view name) {
  const Form form = find_source(name)->form;
  return form == Form::kJson || form == Form::kJsonLines;
}

}  // namespace

TEST_CASE(
    "enumerate/sources: at least 20 need no key and 25 take one, each with a name of its own") {
  std::set<std::string_view> names;
  std::size_t keyless = 0, keyed = 0;
  for (const Source* source : registry()) {
    names.insert(source->name);
    keyless += source->key == Key::kRequired ? 0 : 1;
    keyed += source->key == Key::kNone ? 0 : 1;
    CHECK(find_source(source->name) == source);
    CHECK((source->rate.empty() || net::Rate::parse(source->rate).ok()));
  }
  CHECK(names.size() == registry().size());
  CHECK(keyless >= 20);
  CHECK(keyed >= 25);
  CHECK(find_source("nonsense") == nullptr);
}

TEST_CASE("enumerate/sources: each asks as documented, page by page, and finds what is there") {
  for (const Source* source : registry()) {
    CAPTURE(source->name);
    test::TranscriptServer server(test::Transcript::read(std::string(source->name)));
    Names names;
    const Report report = ask(*source, server.url(), names);
    for (const auto& complaint : server.complaints()) FAIL_CHECK(complaint);
    CHECK(report.reason == "");
    CHECK(report.state == State::kOk);
    CHECK(names.of(source->name) == server.transcript().names);
    CHECK(report.names == server.transcript().names.size());
    CHECK(report.requests == server.transcript().exchanges.size());
    CHECK(server.played() == server.transcript().exchanges.size());
  }
}

TEST_CASE("enumerate/sources: a refused key is auth, a limit is limited, an error is down") {
  for (const Report& report : ask_all(reply("401 Unauthorized", "{}"))) {
    CAPTURE(report.source);
    CHECK(report.state == State::kAuth);
    CHECK(report.requests == 1);
  }
  for (const Report& report : ask_all(reply("403 Forbidden", "{}"))) {
    CAPTURE(report.source);
    CHECK(report.state == State::kAuth);
  }
  for (const Report& report :
       ask_all(reply("429 Too Many Requests", "{}", "Retry-After: 86400\r\n"))) {
    CAPTURE(report.source);
    CHECK(report.state == State::kLimited);
    CHECK(report.names == 0);
  }
  for (const Report& report : ask_all(reply("501 Not Implemented", "{}"))) {
    CAPTURE(report.source);
    CHECK(report.state == State::kDown);
    CHECK(report.reason == "HTTP 501");
  }
}

TEST_CASE("enumerate/sources: a malformed body and HTML in place of JSON are down, not a crash") {
  for (const std::string body :
       {R"({"data":[{"domain":"www.exam)", "<html>www.example.com</html>", "\xff\x01[[[[{{{{"}) {
    for (const Report& report : ask_all(reply("200 OK", body))) {
      CAPTURE(report.source);
      CAPTURE(body);
      if (is_structured(report.source) || report.source == "commoncrawl")
        CHECK(report.state == State::kDown);
      CHECK(report.state != State::kPartial);
    }
  }
}

TEST_CASE("enumerate/sources: JSON of another shape is empty") {
  for (const char* body : {"{}", "[]", "null", "7", R"({"data":7,"results":{"a":[null]}})"}) {
    for (const Report& report : ask_all(reply("200 OK", body))) {
      CAPTURE(report.source);
      CAPTURE(body);
      CHECK(report.names == 0);
      CHECK((report.state == State::kEmpty || report.source == "facebook" ||
             report.source == "commoncrawl"));
    }
  }
}

TEST_CASE("enumerate/sources: of a huge body the beginning is taken, and the source is partial") {
  std::string body = R"(["www.example.com")";
  while (body.size() < 300'000) body += R"(,"filler")";
  RunnerOptions options;
  options.limits.max_body = 100'000;
  for (const Report& report : ask_all(reply("200 OK", body + "]"), options)) {
    CAPTURE(report.source);
    const bool needs_whole = report.source == "facebook" || report.source == "commoncrawl";
    CHECK((report.state == State::kPartial || needs_whole));
    CHECK(report.requests <= options.limits.max_requests);
  }
}

TEST_CASE("enumerate/sources: a slow drip ends at the deadline") {
  LoopbackServer server([](Peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[");
    peer.wait_for_end();
  });
  RunnerOptions options;
  options.limits.deadline = std::chrono::milliseconds(300);
  test::SessionFixture http(without_breaker());
  Names names;
  Runner runner(*http.session, options, SystemClock::instance());
  for (const Report& report : runner.run(all_at(server.url("")), {kDomain}, names.take(), {})) {
    CAPTURE(report.source);
    CHECK(report.state == State::kDown);
    CHECK(report.reason == "deadline passed");
  }
}

TEST_CASE("enumerate/sources: what pages without end is capped, what came before is kept") {
  std::atomic<int> page{0};
  LoopbackServer server([&](Peer& peer) {
    while (!peer.read_request().empty()) {
      const std::string n = std::to_string(++page);
      peer.write(reply("200 OK", R"({"data":[{"id":"a)" + n +
                                     R"(.example.com"}],"meta":{"cursor":")" + n + R"("}})"));
    }
  });
  RunnerOptions options;
  options.limits.max_requests = 5;
  Names names;
  const Report report = ask(*find_source("virustotal"), server.url(""), names, options);
  CHECK(report.state == State::kPartial);
  CHECK(report.reason == "cap of 5 requests");
  CHECK(report.names == 5);
  options.limits.max_requests = 100;
  options.limits.max_names = 3;
  const Report few = ask(*find_source("virustotal"), server.url(""), names, options);
  CHECK(few.state == State::kPartial);
  CHECK(few.reason == "cap of 3 names");
  CHECK(few.names == 3);
}

TEST_CASE("enumerate/sources: an error after some pages keeps their names") {
  for (const auto& [status, state] :
       {std::pair{"429 Slow", State::kLimited}, {"404 No", State::kPartial}}) {
    LoopbackServer server([&, status = status](Peer& peer) {
      std::string request;
      while (!(request = peer.read_request()).empty()) {
        peer.write(
            request.find("cursor=") == request.npos
                ? reply("200 OK", R"({"data":[{"id":"a.example.com"}],"meta":{"cursor":"c"}})")
                : reply(status, "", "Retry-After: 86400\r\n"));
      }
    });
    Names names;
    const Report report = ask(*find_source("virustotal"), server.url(""), names);
    CHECK(report.state == state);
    CHECK(report.names == 1);
  }
}

TEST_CASE("enumerate/sources: errors told with status 200") {
  const struct {
    const char* source;
    const char* body;
    State state;
  } cases[] = {
      {"hackertarget", "API count exceeded - Increase Quota with Membership", State::kLimited},
      {"hackertarget", "error check your search parameter", State::kEmpty},
      {"alienvault", R"({"error":"Anonymous access to this endpoint is limited"})",
       State::kLimited},
      {"alienvault", R"({"detail":"Authentication required"})", State::kAuth},
      {"fofa", R"({"error":true,"errmsg":"[-700] Account Invalid"})", State::kAuth},
      {"c99", R"({"success":false,"error":"No subdomains found"})", State::kEmpty},
      {"shodan", R"({"error":"Invalid API key"})", State::kAuth},
      {"threatbook", R"({"response_code":-4,"verbose_msg":"BEYOND_QUOTA_LIMITATION"})",
       State::kDown},
  };
  for (const auto& c : cases) {
    CAPTURE(c.source);
    CAPTURE(c.body);
    LoopbackServer server([&](Peer& peer) {
      while (!peer.read_request().empty()) peer.answer(c.body);
    });
    Names names;
    CHECK(ask(*find_source(c.source), server.url(""), names).state == c.state);
  }
}

TEST_CASE("enumerate/sources: a key is never shown") {
  const std::string key = "very:S3cr3t+value";
  LoopbackServer server([&](Peer& peer) {
    while (!peer.read_request().empty())
      peer.answer(
          R"({"error":"bad key very:S3cr3t+value or very%3AS3cr3t%2Bvalue, S3cr3t+value"})");
  });
  test::SessionFixture http(without_breaker());
  Names names;
  Runner runner(*http.session, {}, SystemClock::instance());
  const auto reports = runner.run({chosen(*find_source("shodan"), server.url(""), {key})},
                                  {kDomain}, names.take(), {});
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].reason == "bad key *** or ***, ***");
}

TEST_CASE("enumerate/sources: a key that is no id:secret is not sent anywhere") {
  LoopbackServer server([](Peer& peer) { peer.read_request(); });
  test::SessionFixture http(without_breaker());
  Names names;
  Runner runner(*http.session, {}, SystemClock::instance());
  const auto reports = runner.run({chosen(*find_source("censys"), server.url(""), {"halfakey"})},
                                  {kDomain}, names.take(), {});
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].state == State::kAuth);
  CHECK(server.connections() == 0);
}
