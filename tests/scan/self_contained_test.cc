// Templates that name their own hosts (templates 3.15), and those that see the answers of others
// (templates 10.4).
#include "scan/template_scan.h"

using namespace m8;
using namespace m8::test;

namespace {

std::string echo(const std::string& request) { return ok_reply(target_of(request)); }

/// Blocks of a self-contained template.
std::string alone(const std::string& rest) { return "self-contained: true\n" + rest; }

}  // namespace

TEST_CASE("scan/self_contained: runs once, whatever the targets, and only if asked for") {
  const RecordingServer own(echo), target(echo);
  const std::string block = alone("http:\n  - path: ['" + own.url("/own?key={{key}}") +
                                  "']\n    matchers:\n      - type: word\n        words: [own]\n");
  {
    TemplateScan scan;
    scan.add("alone", block);
    scan.run({target.url()});
    CHECK(scan.lines() == "");
    CHECK(TemplateScan::reasons(scan.catalog.excluded) == "alone: -esc");
  }
  TemplateScan scan;
  scan.load.self_contained = true;
  scan.overrides.set("key", "k1");
  scan.add("alone", block);
  scan.add("other", "http:\n  - path: ['{{BaseURL}}/t']\n");
  scan.run({target.url(), target.url("/second")});
  CHECK(scan.lines() == "alone /own?key=k1");
  CHECK(paths_of(own) == "/own?key=k1");
  CHECK(target.requests().size() == 2);
  REQUIRE(scan.findings().size() == 1);
  CHECK(scan.findings()[0].port == own.port());
  CHECK(scan.totals().targets == 2);
}

TEST_CASE("scan/self_contained: needs no target at all, and what -var does not say is not sent") {
  const RecordingServer own(echo);
  TemplateScan scan;
  scan.load.self_contained = true;
  scan.overrides.set("user", "u1");
  const std::string matcher = "    matchers:\n      - type: status\n        status: [200]\n";
  scan.add("known", alone("http:\n  - path: ['" + own.url("/{{user}}") + "']\n" + matcher));
  scan.add("unknown", alone("http:\n  - path: ['" + own.url("/{{token}}") + "']\n" + matcher));
  // Built-ins are there for raw requests only.
  scan.add("builtin", alone("http:\n  - path: ['" + own.url("/{{Hostname}}") + "']\n" + matcher));
  scan.run({});
  CHECK(scan.lines() == "known /u1");
  CHECK(paths_of(own) == "/u1");
}

TEST_CASE("scan/self_contained: raw requests name their host in the line or in a header") {
  const RecordingServer own(echo);
  const std::string host = "127.0.0.1:" + own.port();
  const auto raw = [](const std::string& text) {
    return alone("http:\n  - raw:\n      - |\n" + text +
                 "    matchers:\n      - type: status\n        status: [200]\n");
  };
  TemplateScan scan;
  scan.load.self_contained = true;
  scan.overrides.set("name", "v");
  scan.add("line", raw("        GET http://" + host +
                       "/a?q={{name}}&h=1 HTTP/1.1\n        X-H: {{Host}}\n"));
  scan.add("header", raw("        POST /b HTTP/1.1\n        Host: " + host +
                         "\n\n        x={{base64(name)}}&p={{Port}}\n"));
  scan.add("nowhere", raw("        GET /c HTTP/1.1\n        User-Agent: x\n"));
  scan.run({});
  CHECK(scan.lines() == "header /b | line /a?q=v&h=1");
  const auto requests = own.requests();
  REQUIRE(requests.size() == 2);
  const std::string& post = requests[requests[0].starts_with("POST") ? 0 : 1];
  const std::string& get = requests[requests[0].starts_with("POST") ? 1 : 0];
  CHECK(get.find("X-H: 127.0.0.1\r\n") != std::string::npos);
  CHECK(post.find("\r\n\r\nx=dg==&p=") != std::string::npos);
}

TEST_CASE("scan/self_contained: payloads, variables and internal values as elsewhere") {
  const RecordingServer own([](const std::string& request) {
    return ok_reply(target_of(request) == "/first" ? "token=abc" : target_of(request));
  });
  TemplateScan scan;
  scan.load.self_contained = true;
  scan.overrides.set("b", "from-var");
  scan.add("chain",
           "self-contained: true\nvariables:\n  a: '{{to_upper(\"x\")}}'\n  b: own\n" +
               std::string("http:\n  - raw:\n      - |\n        GET ") + own.url("/first") +
               " HTTP/1.1\n\n      - |\n        GET " + own.url("/{{a}}/{{b}}/{{tok}}") +
               " HTTP/1.1\n\n    extractors:\n      - type: regex\n        name: tok\n"
               "        internal: true\n        group: 1\n        regex: ['token=(\\w+)']\n"
               "    matchers:\n      - type: word\n        words: [X/from-var]\n");
  scan.run({});
  CHECK(scan.lines() == "chain /X/from-var/abc");
}

TEST_CASE("scan/global_matchers: see every answer of others and send nothing themselves") {
  const RecordingServer server(
      [](const std::string& request) { return ok_reply("secret of " + target_of(request)); });
  const auto fill = [](TemplateScan& scan) {
    scan.add("global",
             "http:\n  - path: ['{{BaseURL}}/own']\n    global-matchers: true\n    matchers:\n"
             "      - type: word\n        words: [secret]\n    extractors:\n"
             "      - type: regex\n        regex: ['of /\\w+']\n");
    scan.add("one", "http:\n  - path: ['{{BaseURL}}/a', '{{BaseURL}}/b']\n");
  };
  TemplateScan with;
  with.options.global_matchers = true;
  fill(with);
  with.run({server.url()});
  CHECK(with.lines() == "global /a of /a | global /b of /b");
  for (const auto& finding : with.findings()) CHECK(finding.global_matchers);
  CHECK(server.requests().size() == 2);

  TemplateScan without;
  fill(without);
  without.run({server.url()});
  CHECK(without.lines() == "global /own of /own");
}
