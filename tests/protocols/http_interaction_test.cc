// Blocks with interaction URLs: what is sent, and what a late interaction finds.
#include "base/clock.h"
#include "oob/correlate.h"
#include "protocols/block_fixture.h"

using namespace m8;
using namespace m8::test;

namespace {

constexpr auto kLimit = std::chrono::seconds(20);

/// A block fixture whose URLs come from a correlator.
struct OobFixture {
  explicit OobFixture(const std::string& target)
      : correlator("9m4e2mr0ui3e8a215n4g", "oob.test", {}, SystemClock::instance()),
        blocks(target, &correlator) {}

  /// An interaction with the URL that \p text mentions, judged to the end.
  void interact(const std::string& text, const std::string& protocol,
                const std::string& request = "") {
    model::Interaction come;
    come.protocol = protocol;
    const auto at = text.find("9m4e2mr0ui3e8a215n4g");
    REQUIRE(at != std::string::npos);
    come.unique_id = text.substr(at, 33);
    come.raw_request = request;
    come.remote_address = "192.0.2.9";
    correlator.deliver(std::move(come));
    REQUIRE(correlator.drain(kLimit, {}));
  }

  oob::Correlator correlator;
  BlockFixture blocks;
};

std::string echo(const std::string& request) {
  return ok_reply(request.substr(0, request.find(' ', 5)));
}

}  // namespace

TEST_CASE("protocols/interaction_urls: every marker gets a URL of its own") {
  oob::Correlator correlator("9m4e2mr0ui3e8a215n4g", "oob.test", {}, SystemClock::instance());
  protocols::InteractionUrls urls(&correlator);
  const std::string text =
      urls.fill("a {{interactsh-url}} b %7B%7binteractsh-url%7d%7D c {{interactsh-url_1_2}}")
          .value();
  CHECK(text.size() == std::string("a  b  c ").size() + 3 * (33 + 1 + 8));
  REQUIRE(urls.ids().size() == 3);
  CHECK(text.starts_with("a " + urls.ids()[0] + ".oob.test b "));
  // The last of those without a number.
  CHECK(urls.names().find("interactsh-url")->text() == urls.ids()[1] + ".oob.test");
  CHECK(urls.names().find("interactsh-id_1_2")->text() == urls.ids()[2]);
  CHECK(urls.names().find("interactsh-server")->text() == "oob.test");
  for (const char* plain : {"{{interactsh-urls}}", "{interactsh-url}", "interactsh-url}}",
                            "{{interactsh-url", "{{interactsh-url_1_2_3_4}}", ""}) {
    CAPTURE(plain);
    CHECK_FALSE(protocols::has_interaction_marker(plain));
    CHECK(urls.fill(plain).value() == plain);
  }
  protocols::InteractionUrls none(nullptr);
  CHECK(none.fill("x").ok());
  CHECK(none.fill("{{interactsh-url}}").error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("protocols/http_run: URLs go into path, headers, body, payloads and expressions") {
  RecordingServer server([](const std::string&) { return ok_reply("x"); });
  OobFixture fixture(server.url());
  fixture.blocks.run(R"(
method: POST
path: ["{{BaseURL}}/?p={{interactsh-url}}&x={{payload}}&h={{to_upper('{{interactsh-url}}')}}"]
headers: {X-Url: "{{interactsh-url}}"}
body: "b={{interactsh-url}}"
payloads: {payload: ["v.{{interactsh-url}}"]}
)");
  REQUIRE(server.requests().size() == 1);
  CHECK(fixture.correlator.counts().urls == 5);
  const std::string request = server.requests()[0];
  CHECK(request.find("{{") == std::string::npos);
  CHECK(request.find("x=v.9m4e2mr0ui3e8a215n4g") != std::string::npos);
  CHECK(request.find("h=9M4E2MR0UI3E8A215N4G") != std::string::npos);
}

TEST_CASE("protocols/http_late_event: a late interaction gives the finding") {
  RecordingServer server(echo);
  OobFixture fixture(server.url());
  fixture.blocks.run(R"(
path: ["{{BaseURL}}/?u={{interactsh-url}}"]
matchers-condition: and
matchers:
  - {type: word, part: interactsh_protocol, words: [dns]}
  - {type: word, part: interactsh_request, words: ["{{interactsh-id}}.example"]}
  - {type: status, status: [200]}
extractors:
  - {type: regex, part: interactsh_ip, regex: ['[0-9.]+']}
)");
  CHECK(fixture.blocks.findings().empty());
  const std::string request = server.requests().at(0);
  fixture.interact(request, "http");
  CHECK(fixture.blocks.findings().empty());
  const auto at = request.find("9m4e2");
  std::string name = request.substr(at, 33) + ".EXAMPLE";  // the request of DNS is lower-cased
  fixture.interact(request, "dns", name);
  const auto findings = fixture.blocks.findings();
  REQUIRE(findings.size() == 1);
  REQUIRE(findings[0].interaction);
  CHECK(findings[0].interaction->protocol == "dns");
  CHECK(findings[0].extracted_results == std::vector<std::string>{"192.0.2.9"});
  CHECK(findings[0].request.starts_with("GET /?u="));
  CHECK(findings[0].response.find("200 OK") != std::string::npos);
  fixture.interact(request, "dns", name);
  CHECK(fixture.blocks.findings().size() == 1);
}

TEST_CASE("protocols/http_late_event: names of interactions in expressions, request by request") {
  RecordingServer server(echo);
  OobFixture fixture(server.url());
  fixture.blocks.run(R"(
path: ["{{BaseURL}}/1?u={{interactsh-url}}", "{{BaseURL}}/2"]
matchers:
  - {type: dsl, name: any, dsl: ['contains(interactsh_protocol, "http") && status_code_2 == 200']}
  - {type: dsl, name: first, dsl: ['interactsh_protocol_1 == "http"']}
  - {type: dsl, name: second, dsl: ['interactsh_protocol_2 == "http"']}
)");
  CHECK(fixture.blocks.findings().empty());
  fixture.interact(server.requests().at(0), "http");
  const auto findings = fixture.blocks.findings();
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].matcher_name == "any");
  CHECK(findings[1].matcher_name == "first");
  CHECK(findings[0].matched_at == server.url("/2"));
}

TEST_CASE("protocols/http_late_event: a request without an answer is held too") {
  RecordingServer server([](const std::string&) { return std::string("\x01 no answer\r\n\r\n"); });
  OobFixture fixture(server.url());
  fixture.blocks.run(R"(
path: ["{{BaseURL}}/?u={{interactsh-url}}"]
matchers:
  - {type: word, part: interactsh_protocol, words: [smtp]}
)");
  fixture.interact(server.requests().at(0), "smtp");
  const auto findings = fixture.blocks.findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].request.starts_with("GET /?u=9m4e2"));
  CHECK(findings[0].response.empty());
  CHECK(findings[0].matched_at.find("/?u=9m4e2") != std::string::npos);
}

TEST_CASE("protocols/http_late_event: with stop-at-first-match one finding is enough") {
  RecordingServer server(echo);
  for (const bool stop : {false, true}) {
    OobFixture fixture(server.url());
    fixture.blocks.options.stop_at_first_match = stop;
    const std::size_t before = server.requests().size();
    fixture.blocks.run(R"(
path: ["{{BaseURL}}/1?u={{interactsh-url}}", "{{BaseURL}}/2?u={{interactsh-url}}"]
matchers:
  - {type: word, part: interactsh_protocol, words: [dns]}
)");
    fixture.interact(server.requests().at(before), "dns");
    fixture.interact(server.requests().at(before + 1), "dns");
    CHECK(fixture.blocks.findings().size() == (stop ? 1 : 2));
  }
}

TEST_CASE("protocols/http_late_event: what does not ask for interactions is not held") {
  RecordingServer server(echo);
  OobFixture fixture(server.url());
  fixture.blocks.run(R"(
path: ["{{BaseURL}}/?u={{interactsh-url}}"]
matchers: [{type: status, status: [200]}]
)");
  CHECK(fixture.blocks.findings().size() == 1);
  CHECK(fixture.correlator.counts().waiting == 0);
}
