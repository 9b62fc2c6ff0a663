// How a block's requests follow each other and what becomes findings (templates 3.7-3.14, 5).

#include <algorithm>
#include <future>
#include <map>

#include "protocols/block_fixture.h"

using namespace m8;
using test::BlockFixture;
using test::ok_reply;
using test::RecordingServer;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// Answers with the request's path as the body.
std::string echo_path(const std::string& request) {
  const auto begin = request.find(' ') + 1;
  return ok_reply(request.substr(begin, request.find(' ', begin) - begin));
}

constexpr const char* kTwoRaws =
    "raw: [\"GET /token HTTP/1.1\\nHost: {{Hostname}}\\n\\n\","
    " \"GET /use?t={{tok}} HTTP/1.1\\nHost: {{Hostname}}\\n\\n\"],"
    "extractors: [{type: regex, name: tok, part: body, internal: true, group: 1,"
    " regex: ['token=(\\w+)']}], matchers: [{type: word, words: [welcome]}]";

}  // namespace

TEST_CASE("protocols/http_run: an internal value goes into the next request") {
  RecordingServer server([](const std::string& request) {
    return ok_reply(has(request, "/token")  ? "token=abc token=def"
                    : has(request, "t=abc") ? "welcome"
                                            : "no");
  });
  BlockFixture fixture(server.url());
  const auto outcome = fixture.run(std::string("{") + kTwoRaws + "}");
  CHECK(outcome.succeeded);
  CHECK(outcome.findings == 1);
  CHECK(outcome.requests == 2);
  CHECK(server.paths() == std::vector<std::string>{"/token", "/use?t=abc"});
  REQUIRE(fixture.findings().size() == 1);
  CHECK(fixture.findings()[0].matched_at == server.url("/use?t=abc"));
  CHECK(server.connections() == 1);
}

TEST_CASE("protocols/http_run: a digest challenge is answered once (RFC 7616)") {
  RecordingServer server([](const std::string& request) -> std::string {
    if (has(request, "Authorization: Digest username=\"admin\", realm=\"r\", nonce=\"n1\"")) {
      return ok_reply("welcome");
    }
    return "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\"\r\n"
           "Content-Length: 0\r\n\r\n";
  });
  BlockFixture fixture(server.url());
  const char* matcher = "path: ['{{BaseURL}}/a'], matchers: [{type: word, words: [welcome]}]";
  CHECK(fixture.run(fmt::format("{{digest-username: admin, digest-password: x, {}}}", matcher))
            .findings == 1);
  CHECK(server.requests().size() == 2);
  CHECK(fixture.run(fmt::format("{{digest-username: other, digest-password: x, {}}}", matcher))
            .findings == 0);
  CHECK(server.requests().size() == 4);
}

TEST_CASE("protocols/http_run: a value that was not found stops the block") {
  RecordingServer server([](const std::string&) { return ok_reply("nothing"); });
  BlockFixture fixture(server.url());
  const auto outcome = fixture.run(std::string("{") + kTwoRaws + "}");
  CHECK(server.requests().size() == 1);
  CHECK_FALSE(outcome.succeeded);
  CHECK(outcome.status.error().message == "unresolved variables found: tok");
  REQUIRE(fixture.warnings().size() == 1);
  CHECK(has(fixture.warnings()[0], "[demo] could not make http request for"));
}

TEST_CASE("protocols/http_run: iterate-all repeats the next request for each value") {
  RecordingServer server([](const std::string& request) {
    return ok_reply(has(request, "/token") ? "token=a token=b token=c" : "no");
  });
  BlockFixture fixture(server.url());
  fixture.run(std::string("{iterate-all: true, ") + kTwoRaws + "}");
  CHECK(server.paths() == std::vector<std::string>{"/token", "/use?t=a", "/use?t=b", "/use?t=c"});
}

TEST_CASE("protocols/http_run: markers without variables are sent, others are not") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  CHECK(fixture.run("path: ['{{BaseURL}}/?a={{7*7}}']").status.ok());
  CHECK_FALSE(fixture.run("path: ['{{BaseURL}}/?a={{config}}']").status.ok());
  CHECK_FALSE(fixture.run("path: ['{{BaseURL}}/{{config}}']").status.ok());
  CHECK(
      fixture.run("{skip-variables-check: true, path: ['{{BaseURL}}/?b={{config}}']}").status.ok());
  CHECK(server.paths() == std::vector<std::string>{"/?a={{7*7}}", "/?b={{config}}"});
}

TEST_CASE("protocols/http_run: fields of earlier requests are seen with their number") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  fixture.run(
      "{path: ['{{BaseURL}}/one', '{{BaseURL}}/two'], matchers-condition: and, matchers: ["
      "{type: word, part: body_1, words: [one]}, {type: word, part: body_2, words: [two]},"
      "{type: dsl, dsl: ['status_code_1 == 200 && status_code_2 == 200']}]}");
  REQUIRE(fixture.findings().size() == 1);
  CHECK(fixture.findings()[0].matched_at == server.url("/two"));
}

TEST_CASE("protocols/http_run: after a redirect _1 is the first hop") {
  RecordingServer server([](const std::string& request) {
    if (has(request, "GET /one")) {
      return std::string("HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n");
    }
    return echo_path(request);
  });
  BlockFixture fixture(server.url());
  fixture.run(
      "{path: ['{{BaseURL}}/one', '{{BaseURL}}/two'], redirects: true, extractors: ["
      "{type: dsl, dsl: ['concat(status_code_1, \"-\", body)']}]}");
  // Final hop, first hop, second request.
  CHECK(fixture.extracted() == "200-/end|302-|302-/two|");
}

TEST_CASE("protocols/http_run: every hop of a chain is an event, the last one first") {
  RecordingServer server([](const std::string& request) {
    if (!has(request, "GET /start")) return echo_path(request);
    return std::string(
        "HTTP/1.1 301 Moved\r\nLocation: /end\r\nX-Hop: 1\r\nContent-Length: 3\r\n\r\nabc");
  });
  BlockFixture fixture(server.url());
  fixture.run(
      "{path: ['{{BaseURL}}/start'], host-redirects: true,"
      " matchers: [{type: status, status: [200, 301]}]}");
  const auto findings = fixture.findings();
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].matched_at == server.url("/end"));
  CHECK(findings[1].matched_at == server.url("/start"));
  CHECK(has(findings[1].response, "X-Hop: 1\r\n"));
  CHECK_FALSE(has(findings[1].response, "abc"));
  CHECK(has(findings[0].request, "GET /start HTTP/1.1\r\n"));

  BlockFixture first_only(server.url());
  first_only.run(
      "{path: ['{{BaseURL}}/start'], redirects: true, stop-at-first-match: true,"
      " matchers: [{type: status, status: [200, 301]}]}");
  CHECK(first_only.findings().size() == 1);

  BlockFixture disabled(server.url());
  disabled.settings.redirects = protocols::Settings::Redirects::kNone;
  disabled.run(
      "{path: ['{{BaseURL}}/start'], redirects: true, matchers: [{type: status, status: [301]}]}");
  CHECK(disabled.findings().size() == 1);
}

TEST_CASE("protocols/http_run: stop-at-first-match ends a sequential block at a match") {
  const char* block = "{path: ['{{BaseURL}}/1', '{{BaseURL}}/2'], stop-at-first-match: true, ";
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  fixture.run(std::string(block) + "matchers: [{type: status, status: [200]}]}");
  CHECK(server.paths() == std::vector<std::string>{"/1"});
  // An extraction alone does not end it.
  fixture.run(std::string(block) + "extractors: [{type: regex, regex: ['.+']}]}");
  CHECK(server.paths() == std::vector<std::string>{"/1", "/1", "/2"});
}

TEST_CASE("protocols/http_run: payloads are sent side by side, each with its own finding") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  fixture.run(
      "{path: ['{{BaseURL}}/{{dir}}/{{file}}'], attack: clusterbomb, payloads: {dir: [a, b],"
      " file: [x, y, '{{to_upper(\"z\")}}']}, matchers: [{type: regex, regex: ['^/b/']}]}");
  auto paths = server.paths();
  std::sort(paths.begin(), paths.end());
  CHECK(paths == std::vector<std::string>{"/a/Z", "/a/x", "/a/y", "/b/Z", "/b/x", "/b/y"});
  const auto findings = fixture.findings();
  REQUIRE(findings.size() == 3);
  CHECK(findings[0].meta[0].second == "b");
  CHECK(server.connections() > 1);
}

TEST_CASE("protocols/http_run: default logins are found before a lock-out hides them") {
  // As Tomcat does it: after three failures a user is refused whatever the password.
  Guarded<std::map<std::string, int>> failures;
  RecordingServer server([&failures](const std::string& request) {
    const std::string user = request.substr(5, 1), pass = request.substr(7, 1);
    auto failed = failures.lock();
    const bool good = user == "c" && pass == "c" && (*failed)[user] < 3;
    if (!good) ++(*failed)[user];
    return ok_reply(good ? "welcome" : "no");
  });
  BlockFixture fixture(server.url());
  auto info = std::make_shared<model::TemplateInfo>(*fixture.execution->info);
  info->tags = {"tomcat", "default-login"};
  fixture.execution->info = std::move(info);
  const char* block =
      "{path: ['{{BaseURL}}/{{user}}/{{pass}}'], attack: clusterbomb, threads: 30,"
      " payloads: {user: [a, b, c], pass: [u, v, w, x, y, z, c]},"
      " matchers: [{type: word, words: [welcome]}]}";
  for (std::size_t scan = 1; scan <= 3; ++scan) {
    fixture.run(block);
    CHECK(fixture.findings().size() == scan);
  }
  // Of the one that is known nothing more is asked.
  CHECK(server.paths().size() == 3 * (1 + 2 * 7));
}

TEST_CASE("protocols/http_run: wait_for puts its request off and holds nothing else up") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  const auto outcome =
      fixture.run("{path: ['{{BaseURL}}/{{p}}?{{wait_for(p)}}'], payloads: {p: ['1', '0']}}");
  CHECK(outcome.requests == 2);
  CHECK(server.paths() == std::vector<std::string>{"/0?true", "/1?true"});
}

TEST_CASE("protocols/http_run: payloads run one by one where later requests need earlier ones") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  fixture.run(
      "{raw: [\"GET /{{n}}/first HTTP/1.1\\nHost: a\\n\\n\", \"GET /{{n}}{{seen}} HTTP/1.1\\n"
      "Host: a\\n\\n\"], payloads: {n: ['1', '2']}, extractors: [{type: regex, internal: true,"
      " name: seen, regex: ['/\\d/first']}]}");
  CHECK(server.paths() ==
        std::vector<std::string>{"/1/first", "/1/1/first", "/2/first", "/2/2/first"});
}

TEST_CASE("protocols/http_run: parallel payloads stop at the first result") {
  // Both places are taken when the first answers, and the second is held until that was looked at.
  std::promise<void> both_came, first_found;
  const auto second_came = both_came.get_future().share();
  const auto looked_at = first_found.get_future().share();
  RecordingServer server([&](const std::string& request) {
    if (has(request, "/0 ")) second_came.wait_for(std::chrono::seconds(60));
    if (has(request, "/1 ")) {
      both_came.set_value();
      looked_at.wait_for(std::chrono::seconds(60));
    }
    return echo_path(request);
  });
  BlockFixture fixture(server.url());
  const std::jthread watcher([&](const std::stop_token& stop) {
    while (fixture.findings().empty() && !stop.stop_requested()) std::this_thread::yield();
    first_found.set_value();
  });
  std::string list;
  for (int i = 0; i < 200; ++i) list += std::to_string(i) + ",";
  fixture.run(
      "{path: ['{{BaseURL}}/{{n}}'], threads: 2, stop-at-first-match: true, payloads: {n: [" +
      list + "]}, extractors: [{type: regex, regex: ['.+']}]}");
  CHECK(fixture.findings().size() == 1);
  CHECK(server.requests().size() == 2);
}

TEST_CASE("protocols/http_run: parallel answers are looked at in the order of their requests") {
  for (const bool stops : {false, true}) {
    std::promise<void> last_came;
    const auto wait = last_came.get_future().share();
    RecordingServer server([&](const std::string& request) {
      if (has(request, "/first")) wait.wait_for(std::chrono::seconds(10));
      if (has(request, "/last")) last_came.set_value();
      return echo_path(request);
    });
    BlockFixture fixture(server.url());
    fixture.run("{path: ['{{BaseURL}}/{{p}}'], payloads: {p: [first, second, last]}, " +
                std::string(stops ? "stop-at-first-match: true, " : "") +
                "matchers: [{type: status, status: [200]}]}");
    std::vector<std::string> found;
    for (const auto& finding : fixture.findings()) found.push_back(finding.meta[0].second);
    CHECK(found == (stops ? std::vector<std::string>{"first"}
                          : std::vector<std::string>{"first", "second", "last"}));
  }
}

TEST_CASE("protocols/http_run: @once is sent for the first combination only") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  fixture.run(
      "{raw: [\"@once\\nGET /login HTTP/1.1\\nHost: a\\n\\n\", \"GET /{{n}} HTTP/1.1\\nHost: a\\n"
      "\\n\"], threads: 1, payloads: {n: [a, b, c]}}");
  auto paths = server.paths();
  CHECK(paths == std::vector<std::string>{"/login", "/a", "/b", "/c"});
}

TEST_CASE("protocols/http_run: an error on one request does not stop the next") {
  RecordingServer server([](const std::string& request) {
    return has(request, "/bad") ? std::string("garbage") : echo_path(request);
  });
  BlockFixture fixture(server.url());
  const auto outcome = fixture.run(
      "{path: ['{{BaseURL}}/bad', '{{BaseURL}}/good'], matchers: [{type: status, status: [200]}]}");
  CHECK(server.requests().size() == 2);
  CHECK(fixture.findings().size() == 1);
  CHECK(fixture.observer.failures == 1);
  CHECK(fixture.observer.answers == 1);
  CHECK(outcome.status.ok());
}

TEST_CASE("protocols/http_run: a refused port is an error and nothing is evaluated") {
  std::string url;
  {
    RecordingServer gone(echo_path);
    url = gone.url();
  }
  BlockFixture fixture(url);
  const auto outcome =
      fixture.run("{path: ['{{BaseURL}}'], matchers: [{type: word, words: [x], negative: true}]}");
  CHECK_FALSE(outcome.succeeded);
  CHECK(outcome.status.error().code == ErrorCode::kRefused);
  CHECK(fixture.findings().empty());
  CHECK(fixture.observer.failures == 1);
}

TEST_CASE("protocols/http_run: @timeout ends a request and is no fault of the host") {
  RecordingServer server([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort");
  });
  BlockFixture fixture(server.url());
  const auto outcome = fixture.run("{raw: [\"@timeout: 100ms\\nGET / HTTP/1.1\\nHost: a\\n\\n\"]}");
  CHECK(outcome.status.error().code == ErrorCode::kTimeout);
  CHECK(fixture.observer.failures == 0);
}

TEST_CASE("protocols/http_run: nothing is sent to a host that is down or after a stop") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  fixture.observer.host_is_up = false;
  CHECK_FALSE(fixture.run("path: ['{{BaseURL}}/1', '{{BaseURL}}/2']").succeeded);
  fixture.observer.host_is_up = true;
  std::stop_source source;
  source.request_stop();
  fixture.execution->stop = source.get_token();
  CHECK(fixture.run("path: ['{{BaseURL}}']").status.error().code == ErrorCode::kCancelled);
  CHECK(server.requests().empty());
}

TEST_CASE("protocols/http_run: precedence of names (templates 2.2)") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  auto constants = std::make_shared<dsl::Variables>();
  constants->set("c", "constant");
  constants->set("p", "constant");
  fixture.execution->constants = constants;
  for (const char* name : {"c", "p", "v", "o"}) fixture.overrides.set(name, "override");
  fixture.execution->context.set("o", "context");
  fixture.execution->context.set("x", "context");
  fixture.execution->context.set("Scheme", "context");
  auto variables = std::make_shared<dsl::Variables>();
  for (const char* name : {"c", "p", "v"}) variables->set(name, "variable");
  fixture.execution->variables =
      [variables](const dsl::Names& known,
                  protocols::InteractionUrls&) -> Result<std::shared_ptr<const dsl::Variables>> {
    CHECK(known.find("o")->text() == "override");
    CHECK(known.find("c")->text() == "constant");
    return std::shared_ptr<const dsl::Variables>(variables);
  };
  fixture.run(
      "{path: ['{{BaseURL}}/{{c}}/{{p}}/{{v}}/{{o}}/{{x}}/{{Scheme}}'],"
      " payloads: {p: [payload]}}");
  CHECK(server.paths() ==
        std::vector<std::string>{"/constant/payload/variable/override/context/http"});
}

TEST_CASE("protocols/http_run: a finding tells all that is known") {
  RecordingServer server([](const std::string&) { return ok_reply("secret=42", "Server: s\r\n"); });
  BlockFixture fixture(server.url("/app?q=1"));
  fixture.run(
      "{path: ['{{BaseURL}}/{{p}}'], headers: {User-Agent: t}, payloads: {p: [x]}, matchers:"
      " [{type: status, status: [200], name: up}], extractors: [{type: regex, regex: ['\\d+']}]}");
  REQUIRE(fixture.findings().size() == 1);
  const auto finding = fixture.findings()[0];
  CHECK(finding.info->id == "demo");
  CHECK(finding.matcher_name == "up");
  CHECK(finding.host == "127.0.0.1");
  CHECK(finding.port == server.port());
  CHECK(finding.scheme == "http");
  CHECK(finding.url == server.url("/app?q=1"));
  CHECK(finding.path == "/app");
  CHECK(finding.matched_at == server.url("/app/x?q=1"));
  CHECK(finding.extracted_results == std::vector<std::string>{"42"});
  CHECK(finding.request == server.requests()[0]);
  CHECK(finding.response == "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nServer: s\r\n\r\nsecret=42");
  CHECK(finding.meta == std::vector<std::pair<std::string, std::string>>{{"p", "x"}});
  CHECK(finding.ip == "127.0.0.1");
  CHECK(has(finding.curl_command, "curl -X 'GET' -H 'Accept: */*' -H 'Accept-Language: en'"));

  BlockFixture brief(server.url());
  brief.settings.omit_raw = true;
  brief.run("{path: ['{{BaseURL}}'], matchers: [{type: status, status: [200]}]}");
  CHECK(brief.findings()[0].response.empty());
}

TEST_CASE("protocols/http_run: fields and internal values are exported for later blocks") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  fixture.options.block_id = "http_1";
  fixture.options.export_fields = true;
  fixture.options.template_text = "uses {{http_1_body}} and http_1_status_code";
  fixture.run(
      "{path: ['{{BaseURL}}/one'], extractors: [{type: regex, internal: true, name: l,"
      " regex: ['[a-z]']}]}");
  const dsl::Variables& context = fixture.execution->context;
  CHECK(context.find("http_1_body")->text() == "/one");
  CHECK(context.find("http_1_status_code")->text() == "200");
  CHECK_FALSE(context.contains("http_1_request"));
  CHECK(context.find("l")->text() == "o");
  CHECK(context.find("l2")->text() == "e");
  fixture.run("path: ['{{BaseURL}}/two?from={{http_1_body}}&l={{l1}}']");
  CHECK(server.paths().back() == "/two?from=/one&l=n");
}

TEST_CASE("protocols/http_run: a block's operators see its own exported fields") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  fixture.options.block_id = "http_2";
  fixture.options.export_fields = true;
  fixture.options.template_text = "http_2_body";
  fixture.run(
      "{path: ['{{BaseURL}}/one', '{{BaseURL}}/two'],"
      " matchers: [{type: dsl, dsl: [\"http_2_body == '/two' && body == '/two'\"]}]}");
  CHECK(fixture.findings().size() == 1);
}

TEST_CASE("protocols/http_run: without a server a block runs up to its first interaction marker") {
  RecordingServer server(echo_path);
  BlockFixture fixture(server.url());
  fixture.run("path: ['{{BaseURL}}/1', '{{BaseURL}}/?u={{interactsh-url}}', '{{BaseURL}}/3']");
  CHECK(server.paths() == std::vector<std::string>{"/1"});
}

TEST_CASE("protocols/http_run: -ms keeps the last answer that did not match") {
  RecordingServer server([](const std::string&) { return ok_reply("nothing here"); });
  BlockFixture fixture(server.url());
  fixture.settings.matcher_status = true;
  fixture.run("{path: ['{{BaseURL}}/a'], matchers: [{type: word, words: [welcome]}]}");
  REQUIRE(fixture.execution->unmatched);
  CHECK_FALSE(fixture.execution->unmatched->matched);
  CHECK(fixture.execution->unmatched->matched_at == server.url("/a"));
  CHECK(has(fixture.execution->unmatched->response, "nothing here"));
  CHECK(fixture.findings().empty());
}
