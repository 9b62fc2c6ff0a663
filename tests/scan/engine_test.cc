#include "scan/engine.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "protocols/block_fixture.h"
#include "templates/template.h"

using namespace m8;
using namespace m8::scan;
using namespace m8::test;

namespace {

/// Keeps "template matched_at", sorted, and the outcomes.
class KeepingSink final : public model::Sink {
 public:
  Status finding(const model::Finding& finding) override {
    found.push_back(finding.info->id + " " + finding.matched_at);
    return {};
  }
  Status outcome(const model::Outcome& outcome) override {
    outcomes[outcome.target] = outcome.reason;
    return {};
  }
  Status endpoint(const model::Endpoint& endpoint) override {
    endpoints.push_back(endpoint);
    return {};
  }
  std::vector<std::string> sorted() {
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<std::string> found;
  std::vector<model::Endpoint> endpoints;
  std::map<std::string, std::string> outcomes;
};

/// A scan with everything that it borrows.
class ScanFixture {
 public:
  void add(const std::string& id, const std::string& rest) {
    auto document = templates::read_document(
        fmt::format("id: {}\ninfo:\n  name: n\n  author: a\n  severity: info\n{}", id, rest), {});
    REQUIRE_MESSAGE(document.ok(), (document.ok() ? "" : document.error().message));
    auto compiled = templates::Template::compile(*document, {}, services_);
    REQUIRE_MESSAGE(compiled.ok(), (compiled.ok() ? "" : compiled.error().message));
    templates_.push_back(std::move(compiled).value());
  }
  /// A template that looks for "yes" under \p path.
  void add_word(const std::string& id, const std::string& path) {
    add(id, fmt::format("http:\n  - path: ['{{{{BaseURL}}}}{}']\n    matchers:\n"
                        "      - type: word\n        words: [yes]\n",
                        path));
  }

  Status run(const std::vector<std::string>& targets, std::stop_token stop = {}) {
    model::TargetReader reader({targets, {}, {}, 1000, {}});
    return run([&](std::stop_token token) { return reader.next(token); }, stop);
  }
  Status run(const model::TargetStream& targets, std::stop_token stop = {}) {
    settings.retries = 0;
    engine_ =
        std::make_unique<Engine>(templates_,
                                 Engine::Parts{*http_.session, sink, services_, settings,
                                               overrides_, http_.scope, SystemClock::instance()},
                                 options);
    const Status status = engine_->run(targets, stop);
    engine_->close();
    return status;
  }
  Totals totals() const { return engine_->totals(); }
  net::Scope& scope() { return http_.scope; }

  EngineOptions options;
  protocols::Settings settings;
  KeepingSink sink;

 private:
  dsl::Services services_;
  dsl::Variables overrides_;
  Templates templates_;
  SessionFixture http_;
  std::unique_ptr<Engine> engine_;
};

std::string yes_at_x(const std::string& request) {
  return ok_reply(request.find(" /x ") != std::string::npos ? "yes" : "no");
}

/// A port on which nothing listens.
std::string dead_url() {
  static std::vector<DeadPort> kept;
  return kept.emplace_back().url();
}

}  // namespace

TEST_CASE("scan/engine: every template runs against every target") {
  const RecordingServer first(yes_at_x), second(yes_at_x);
  ScanFixture scan;
  scan.add_word("at-x", "/x");
  scan.add_word("at-y", "/y");
  REQUIRE(scan.run({first.url(), second.url()}).ok());
  std::vector<std::string> expected = {"at-x " + first.url("/x"), "at-x " + second.url("/x")};
  std::sort(expected.begin(), expected.end());
  CHECK(scan.sink.sorted() == expected);
  const Totals totals = scan.totals();
  CHECK(totals.targets_done == 2);
  CHECK(totals.executions == 4);
  CHECK(totals.requests_done == 4);
  CHECK(totals.requests_planned == 4);
  CHECK(first.requests().size() == 2);
}

TEST_CASE("scan/engine: what answers becomes an endpoint, once; what is dead does not") {
  const RecordingServer server(
      [](const std::string&) { return ok_reply("no", "Server: nginx/1.22\r\n"); });
  ScanFixture scan;
  scan.add_word("front", "");
  scan.add_word("at-x", "/x");
  scan.add_word("at-y", "/y");
  REQUIRE(scan.run({server.url(), dead_url()}).ok());
  REQUIRE(scan.sink.endpoints.size() == 1);
  const model::Endpoint& endpoint = scan.sink.endpoints[0];
  CHECK(endpoint.url == server.url());
  CHECK(endpoint.hostname == "127.0.0.1");
  CHECK(endpoint.ip == "127.0.0.1");
  CHECK(endpoint.port > 0);
  CHECK(endpoint.server == "nginx/1.22");
  CHECK(endpoint.status == 200);
  CHECK(endpoint.live);
}

TEST_CASE("scan/engine: an endpoint has the title of the page that a template got") {
  const RecordingServer server([](const std::string&) {
    return ok_reply("<title>Status page</title>", "Content-Type: text/html\r\n");
  });
  ScanFixture scan;
  scan.add_word("front", "/");
  REQUIRE(scan.run({server.url()}).ok());
  REQUIRE(!scan.sink.endpoints.empty());
  CHECK(scan.sink.endpoints.back().title == "Status page");
  CHECK(server.requests().size() == 1);
}

TEST_CASE("scan/engine: a bare host that answered nothing but the probe is an endpoint") {
  const RecordingServer server([](const std::string& request) {
    const bool probe = request.rfind("HEAD ", 0) == 0;
    return probe ? "HTTP/1.1 403 Forbidden\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"
                 : std::string("\xff\xff");
  });
  ScanFixture scan;
  scan.add_word("at-x", "/x");
  REQUIRE(scan.run({"127.0.0.1:" + server.port()}).ok());
  REQUIRE(scan.sink.endpoints.size() == 1);
  CHECK(scan.sink.endpoints[0].url == server.url());
  CHECK(scan.sink.endpoints[0].status == 403);
  CHECK(scan.sink.endpoints[0].server == "nginx");
  CHECK(scan.totals().errors.size() == 1);
}

TEST_CASE("scan/engine: a dead host costs one connection and is skipped") {
  ScanFixture scan;
  for (int i = 0; i < 20; ++i) scan.add_word(fmt::format("t-{}", i), "/x");
  const std::string dead = dead_url();
  REQUIRE(scan.run({dead}).ok());
  const Totals totals = scan.totals();
  CHECK(totals.executions == 1);
  CHECK(totals.executions_skipped == 19);
  CHECK(totals.targets_skipped.at("host is unresponsive") == 1);
  CHECK(totals.requests_done == totals.requests_planned);
  CHECK(totals.hosts_lost == 0);
  CHECK(totals.hosts_dead == 1);
  CHECK("http://" + totals.dead_hosts.at(0) == dead);
  CHECK(scan.sink.outcomes.at(dead) == "host is unresponsive");
}

TEST_CASE("scan/engine: two targets on one host both run side by side once it answers") {
  // Both send one request and wait; the answers come when both targets' pilots are under way. Had
  // one taken the other's place, its target would go on one request at a time, and never get
  // two requests to the server at once.
  std::mutex mutex;
  std::condition_variable_any arrived;
  std::map<std::string, int> waiting, most;
  const RecordingServer server([&](const std::string& request) {
    const std::string target = request.substr(5, 1);
    std::unique_lock lock(mutex);
    int& now = ++waiting[target];
    most[target] = std::max(most[target], now);
    arrived.notify_all();
    const auto both = [&] { return most["a"] >= 1 && most["b"] >= 1; };
    arrived.wait_for(lock, std::chrono::seconds(20), both);
    const auto two = [&] { return request.find("/t-0") != request.npos || most[target] >= 2; };
    arrived.wait_for(lock, std::chrono::seconds(20), two);
    --waiting[target];
    return ok_reply("no");
  });
  ScanFixture scan;
  for (int i = 0; i < 6; ++i) scan.add_word(fmt::format("t-{}", i), fmt::format("/t-{}", i));
  REQUIRE(scan.run({server.url("/a"), server.url("/b")}).ok());
  CHECK(most["a"] >= 2);
  CHECK(most["b"] >= 2);
}

TEST_CASE("scan/engine: bare hosts are probed, and skipped without an answer") {
  const RecordingServer server(yes_at_x);
  ScanFixture scan;
  scan.add_word("at-x", "/x");
  const std::string dead = dead_url().substr(7);
  REQUIRE(scan.run({"127.0.0.1:" + server.port(), dead}).ok());
  CHECK(scan.sink.found == std::vector<std::string>{"at-x " + server.url("/x")});
  CHECK(server.requests()[0].rfind("HEAD / HTTP/1.1\r\n", 0) == 0);
  CHECK(scan.totals().targets_skipped.at("no answer to probes (refused)") == 1);
}

TEST_CASE("scan/engine: without probing a bare host is skipped") {
  ScanFixture scan;
  scan.add_word("at-x", "/x");
  scan.options.probe = false;
  REQUIRE(scan.run({"127.0.0.1:1"}).ok());
  CHECK(scan.sink.outcomes.at("127.0.0.1:1") == "no scheme, and probing is off");
}

TEST_CASE("scan/engine: targets outside the scope are never contacted") {
  const RecordingServer server(yes_at_x);
  ScanFixture scan;
  scan.add_word("at-x", "/x");
  REQUIRE(scan.scope().exclude("127.0.0.1").ok());
  REQUIRE(scan.run({server.url()}).ok());
  CHECK(server.connections() == 0);
  CHECK(scan.totals().targets_skipped.at("outside the scope") == 1);
}

/// Notes how many requests were in flight at most.
struct Crowd {
  std::atomic<int> now{0}, most{0};
  std::string answer() {
    const int in_flight = ++now;
    for (int seen = most; seen < in_flight && !most.compare_exchange_weak(seen, in_flight);) {
    }
    std::this_thread::yield();
    --now;
    return ok_reply("no");
  }
};

TEST_CASE("scan/engine: at most so many requests are in flight") {
  Crowd crowd;
  const RecordingServer server([&](const std::string&) { return crowd.answer(); });
  ScanFixture scan;
  for (int i = 0; i < 40; ++i) scan.add_word(fmt::format("t-{}", i), "/x");
  scan.options.templates_at_once = 3;
  scan.options.targets_at_once = 1;
  REQUIRE(scan.run({server.url("/a"), server.url("/b")}).ok());
  CHECK(server.requests().size() == 80);
  CHECK(crowd.most <= 3);
}

TEST_CASE("scan/engine: at most so many templates run on a host, of all its targets") {
  for (const bool template_major : {false, true}) {
    CAPTURE(template_major);
    Crowd crowd;
    const RecordingServer server([&](const std::string&) { return crowd.answer(); });
    ScanFixture scan;
    for (int i = 0; i < 20; ++i) scan.add_word(fmt::format("t-{}", i), "/x");
    scan.options.template_major = template_major;
    scan.options.host_errors.max_running = 2;
    REQUIRE(
        scan.run({server.url("/a"), server.url("/b"), server.url("/c"), server.url("/d")}).ok());
    CHECK(server.requests().size() == 80);
    CHECK(crowd.most <= 2);
    CHECK(scan.totals().targets_done == 4);
  }
}

TEST_CASE("scan/engine: a host that stops answering is lost work") {
  const RecordingServer server([n = std::make_shared<std::atomic<int>>(0)](const std::string&) {
    return ++*n == 1 ? ok_reply("no") : std::string("");
  });
  ScanFixture scan;
  scan.options.templates_at_once = 1;
  scan.options.host_errors.max_errors = 3;
  for (int i = 0; i < 10; ++i) scan.add_word(fmt::format("t-{}", i), "/x");
  REQUIRE(scan.run({server.url()}).ok());
  CHECK(scan.totals().hosts_lost == 1);
  CHECK(scan.totals().lost_hosts.size() == 1);
  CHECK(scan.totals().errors.count("network") == 1);
  CHECK(scan.totals().executions_skipped == 6);
}

TEST_CASE("scan/engine: a stop ends the scan and keeps what was found") {
  std::stop_source stop;
  const RecordingServer server([&](const std::string& request) {
    stop.request_stop();
    return yes_at_x(request);
  });
  ScanFixture scan;
  scan.options.templates_at_once = 1;
  for (int i = 0; i < 10; ++i) scan.add_word(fmt::format("t-{}", i), "/x");
  const Status status = scan.run({server.url()}, stop.get_token());
  REQUIRE(!status.ok());
  CHECK(status.error().code == ErrorCode::kCancelled);
  CHECK(scan.totals().executions < 10);
}

TEST_CASE("scan/engine: blocks run in order and share what they extract") {
  const RecordingServer server([](const std::string& request) {
    if (request.find(" /token ") != std::string::npos) return ok_reply("token=abc");
    return ok_reply(request.find(" /use/abc ") != std::string::npos ? "yes" : "no");
  });
  const std::string extract =
      "  - path: ['{{BaseURL}}/token']\n    extractors:\n      - type: regex\n        name: token\n"
      "        internal: true\n        group: 1\n        regex: ['token=([a-z]+)']\n";
  const std::string use =
      "  - path: ['{{BaseURL}}/use/{{token}}']\n    matchers:\n      - type: word\n"
      "        words: [yes]\n";
  ScanFixture scan;
  scan.add("two-blocks", "http:\n" + extract + use);
  REQUIRE(scan.run({server.url()}).ok());
  CHECK(scan.sink.found == std::vector<std::string>{"two-blocks " + server.url("/use/abc")});
}

TEST_CASE("scan/engine: a flow decides which blocks run") {
  struct Row {
    const char* flow;
    std::vector<std::string> paths;
  };
  const Row rows[] = {{"http(1) && http(2)", {"/no"}},
                      {"http(2) && http(1)", {"/x", "/no"}},
                      {"http(1) || http(2)", {"/no", "/x"}},
                      {"!http(1) && http(2)", {"/no", "/x"}},
                      {"http(\"second\")", {"/x"}},
                      {"http(9) || http(2)", {"/x"}},
                      {"http()", {"/no", "/x"}}};
  const std::string matchers = "    matchers:\n      - type: word\n        words: [yes]\n";
  for (const Row& row : rows) {
    CAPTURE(row.flow);
    const RecordingServer server(yes_at_x);
    ScanFixture scan;
    scan.add("flow", fmt::format("flow: {}\nhttp:\n  - path: ['{{{{BaseURL}}}}/no']\n{}"
                                 "  - id: second\n    path: ['{{{{BaseURL}}}}/x']\n{}",
                                 "'" + std::string(row.flow) + "'", matchers, matchers));
    REQUIRE(scan.run({server.url()}).ok());
    CHECK(server.paths() == row.paths);
  }
}

TEST_CASE("scan/engine: template by template no target is far ahead, and each is asked one thing") {
  // The slow one answers only when the quick one is as far ahead as it may be.
  constexpr int kTemplates = 40, kAhead = 3;
  std::mutex mutex;
  std::condition_variable_any changed;
  int quick_seen = 0, slow_seen = 0, farthest = 0, slow_now = 0, slow_at_once = 0;
  const RecordingServer quick([&](const std::string& request) {
    const std::lock_guard lock(mutex);
    farthest = std::max(farthest, ++quick_seen - slow_seen);
    changed.notify_all();
    return yes_at_x(request);
  });
  const RecordingServer slow([&](const std::string& request) {
    std::unique_lock lock(mutex);
    ++slow_seen;
    slow_at_once = std::max(slow_at_once, ++slow_now);
    const int most = std::min(slow_seen + kAhead, kTemplates);
    CHECK(changed.wait_for(lock, std::chrono::seconds(60), [&] { return quick_seen >= most; }));
    --slow_now;
    return yes_at_x(request);
  });
  ScanFixture scan;
  scan.options.template_major = true;
  scan.options.templates_at_once = kAhead;
  scan.options.gathering = std::chrono::hours(1);
  scan.settings.timeout = std::chrono::seconds(100);
  for (int i = 0; i < kTemplates; ++i)
    scan.add_word(fmt::format("t-{:02}", i), fmt::format("/{}", i));
  REQUIRE(scan.run({quick.url(), slow.url()}).ok());
  CHECK(quick.requests().size() == kTemplates);
  CHECK(quick.paths() == slow.paths());
  CHECK(slow_at_once == 1);
  CHECK(farthest >= kAhead);
  CHECK(farthest <= kAhead + 1);  // and the request that is on its way to the slow one
  CHECK(scan.totals().targets_done == 2);
}

TEST_CASE("scan/engine: template by template the first target does not wait for a slow list") {
  std::promise<void> asked;
  std::once_flag once;
  const RecordingServer server([&](const std::string& request) {
    std::call_once(once, [&] { asked.set_value(); });
    return yes_at_x(request);
  });
  ScanFixture scan;
  scan.options.template_major = true;
  scan.options.gathering = std::chrono::milliseconds(1);
  scan.add_word("t", "/x");
  bool given = false;
  const auto list = [&](std::stop_token) -> Result<std::optional<model::TargetSpec>> {
    if (std::exchange(given, true)) {
      CHECK(asked.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
      return std::optional<model::TargetSpec>();
    }
    return std::optional(model::parse_target_line(server.url()).value());
  };
  REQUIRE(scan.run(list).ok());
  CHECK(scan.totals().targets_done == 1);
}

TEST_CASE("scan/engine: template by template a dead target holds nobody up") {
  const RecordingServer server(yes_at_x);
  ScanFixture scan;
  scan.options.template_major = true;
  scan.options.templates_at_once = 2;
  for (int i = 0; i < 20; ++i) scan.add_word(fmt::format("t-{:02}", i), fmt::format("/{}", i));
  REQUIRE(scan.run({dead_url(), server.url(), dead_url()}).ok());
  CHECK(server.requests().size() == 20);
  CHECK(scan.totals().requests_done == scan.totals().requests_planned);
}

TEST_CASE("scan/engine: sorted findings come in the order of the targets and templates") {
  // The first target answers last.
  std::mutex mutex;
  std::condition_variable_any changed;
  bool others_done = false;
  const RecordingServer slow([&](const std::string& request) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(20), [&] { return others_done; });
    return yes_at_x(request);
  });
  const RecordingServer quick([&](const std::string& request) {
    std::lock_guard lock(mutex);
    others_done = true;
    changed.notify_all();
    return yes_at_x(request);
  });
  ScanFixture scan;
  scan.options.sorted = true;
  scan.add_word("b-at-x", "/x");
  scan.add_word("a-at-x", "/x");
  REQUIRE(scan.run({slow.url(), quick.url(), dead_url()}).ok());
  const std::vector<std::string> expected = {"a-at-x " + slow.url("/x"), "b-at-x " + slow.url("/x"),
                                             "a-at-x " + quick.url("/x"),
                                             "b-at-x " + quick.url("/x")};
  CHECK(scan.sink.found == expected);
}
