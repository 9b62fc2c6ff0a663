// Section 16, checks 4 to 13 of the template specification, with template files, a whole scan and a
// real server. Checks 1 and 2 are in protocols/conformance_wire_test.cc, check 3 in
// protocols/http_event_test.cc.
#include <algorithm>
#include <set>

#include "scan/template_scan.h"

using namespace m8;
using namespace m8::test;

namespace {

/// The last part of each answer is the request's target.
std::string echo(const std::string& request) { return ok_reply("at " + target_of(request)); }

/// Scans \p server with one template of this text behind its info; its findings, as lines.
std::string found(const RecordingServer& server, const std::string& rest,
                  const dsl::Variables& overrides = {}) {
  TemplateScan scan;
  scan.overrides = overrides;
  scan.add("t", rest);
  scan.run({server.url()});
  CHECK(scan.catalog.templates.size() == 1);
  return scan.lines();
}

/// Server and scan in one: the findings, and what was asked.
struct Seen {
  std::string findings, paths;
};
Seen seen(const RecordingServer::Handler& handler, const std::string& rest,
          const dsl::Variables& overrides = {}) {
  const RecordingServer server(handler);
  std::string lines = found(server, rest, overrides);
  return {std::move(lines), paths_of(server)};
}

const char* const kUp = "    matchers:\n      - type: status\n        status: [200]\n";

}  // namespace

// ---- 4 ----------------------------------------------------------------------------------------

namespace {

std::string token_chain(const std::string& more = "") {
  return "http:\n  - raw:\n      - |\n        GET /token HTTP/1.1\n        Host: {{Hostname}}\n\n"
         "      - |\n        GET /use/{{tok}} HTTP/1.1\n        Host: {{Hostname}}\n\n" +
         more +
         "    extractors:\n      - type: regex\n        name: tok\n        internal: true\n"
         "        group: 1\n        regex: ['tok=(\\w+)']\n"
         "    matchers:\n      - type: word\n        words: [/use/]\n";
}

RecordingServer::Handler tokens(const std::string& body) {
  return [body](const std::string& request) {
    return target_of(request) == "/token" ? ok_reply(body) : echo(request);
  };
}

}  // namespace

TEST_CASE("conformance 16.4: an internal value found goes into the second request") {
  const Seen s = seen(tokens("tok=a1"), token_chain());
  CHECK(s.findings == "t /use/a1");
  CHECK(s.paths == "/token | /use/a1");
}

TEST_CASE("conformance 16.4: not found, the second request is not sent and nothing is found") {
  const Seen s = seen(tokens("none"), token_chain());
  CHECK(s.findings == "");
  CHECK(s.paths == "/token");
}

TEST_CASE("conformance 16.4: of several values the first is used, with iterate-all each") {
  CHECK(seen(tokens("tok=a tok=b"), token_chain()).paths == "/token | /use/a");
  const Seen s = seen(tokens("tok=a tok=b"), token_chain("    iterate-all: true\n"));
  CHECK(s.paths == "/token | /use/a | /use/b");
  CHECK(s.findings == "t /use/a | t /use/b");
}

// ---- 5 ----------------------------------------------------------------------------------------

TEST_CASE("conformance 16.5: an and-condition over requests 1 and 2 gives exactly one result") {
  CHECK(seen(echo,
             "http:\n  - path: ['{{BaseURL}}/one', '{{BaseURL}}/two']\n"
             "    matchers-condition: and\n    matchers:\n      - type: word\n"
             "        part: body_1\n        words: [/one]\n      - type: dsl\n"
             "        dsl: ['status_code_2 == 200 && contains(body_2, \"/two\")']\n")
            .findings == "t /two");
}

TEST_CASE("conformance 16.5: after a redirect of request 1 its fields are those of the first hop") {
  const auto moved = [](const std::string& request) {
    if (target_of(request) != "/one") return echo(request);
    return std::string("HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n");
  };
  CHECK(
      seen(moved,
           "http:\n  - path: ['{{BaseURL}}/one', '{{BaseURL}}/two']\n    redirects: true\n"
           "    matchers:\n      - type: dsl\n"
           "        dsl: ['status_code_1 == 302 && body_1 == \"\" && contains(body_2, \"two\")']\n")
          .findings == "t /two");
}

// ---- 6 ----------------------------------------------------------------------------------------

TEST_CASE("conformance 16.6: what or-matchers and extractors become results of") {
  struct Row {
    const char *what, *rest, *findings;
  };
  const Row rows[] = {
      {"two named and one unnamed true",
       "    matchers:\n      - {type: status, name: a, status: [200]}\n"
       "      - {type: word, name: b, words: [at]}\n      - {type: word, words: [at]}\n",
       "t:a /x | t:b /x"},
      {"all unnamed",
       "    matchers:\n      - {type: status, status: [200]}\n      - {type: word, words: [at]}\n",
       "t /x"},
      {"one name twice",
       "    matchers:\n      - {type: status, name: a, status: [200]}\n"
       "      - {type: word, name: a, words: [at]}\n",
       "t:a /x"},
      {"named extractors and an unnamed matcher",
       "    matchers:\n      - {type: status, status: [200]}\n"
       "    extractors:\n      - {type: regex, name: p, regex: ['/\\w']}\n"
       "      - {type: kval, name: q, kval: [content_length]}\n",
       "t:p /x /x | t:q /x 5"},
      {"names count for nothing under and",
       "    matchers-condition: and\n    matchers:\n"
       "      - {type: status, name: a, status: [200]}\n"
       "      - {type: word, name: b, words: [at]}\n",
       "t /x"},
      {"negative on a missing part",
       "    matchers:\n      - {type: word, part: nosuch, negative: true, words: [x]}\n", ""},
      {"an extractor alone", "    extractors:\n      - {type: regex, regex: ['a.']}\n", "t /x at"},
      {"only internal extractors",
       "    extractors:\n      - {type: regex, name: i, internal: true, regex: ['a.']}\n", ""},
      {"all matchers internal",
       "    matchers:\n      - {type: status, internal: true, status: [200]}\n", ""},
      {"an internal matcher beside a visible one",
       "    matchers:\n      - {type: status, internal: true, status: [200]}\n"
       "      - {type: word, words: [nope]}\n",
       "t /x"},
      {"matchers that fail hide what was extracted",
       "    matchers:\n      - {type: word, words: [nope]}\n"
       "    extractors:\n      - {type: regex, regex: ['a.']}\n",
       ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    CHECK(seen(echo, std::string("http:\n  - path: ['{{BaseURL}}/x']\n") + row.rest).findings ==
          row.findings);
  }
}

// ---- 7 ----------------------------------------------------------------------------------------

TEST_CASE("conformance 16.7: pitchfork stops at the shortest list, clusterbomb makes 2 x 3") {
  const std::string lists = "    payloads:\n      a: [1, 2]\n      b: [x, y, z]\n    threads: 1\n";
  const std::string block = "http:\n  - path: ['{{BaseURL}}/{{a}}{{b}}']\n" + lists;
  CHECK(seen(echo, block + "    attack: pitchfork\n").paths == "/1x | /2y");
  CHECK(seen(echo, block + "    attack: clusterbomb\n").paths ==
        "/1x | /1y | /1z | /2x | /2y | /2z");
}

TEST_CASE("conformance 16.7: stop-at-first-match needs a match when requests go one by one") {
  const std::string block =
      "http:\n  - path: ['{{BaseURL}}/1', '{{BaseURL}}/2']\n    stop-at-first-match: true\n";
  const Seen matched = seen(echo, block + kUp);
  CHECK(matched.paths == "/1");
  CHECK(matched.findings == "t /1");
  const Seen extracted =
      seen(echo, block + "    extractors:\n      - {type: regex, regex: [a.]}\n");
  CHECK(extracted.paths == "/1 | /2");
  CHECK(extracted.findings == "t /1 at | t /2 at");
}

TEST_CASE("conformance 16.7: side by side an extractor's result stops, too") {
  const Seen s = seen(echo,
                      "http:\n  - path: ['{{BaseURL}}/{{n}}']\n    stop-at-first-match: true\n"
                      "    threads: 1\n    payloads: {n: [1, 2, 3]}\n"
                      "    extractors:\n      - {type: regex, regex: [a.]}\n");
  CHECK(s.paths == "/1");
  CHECK(s.findings == "t /1 at");
}

// ---- 8 ----------------------------------------------------------------------------------------

namespace {

std::string two_blocks(const std::string& flow, const std::string& first) {
  return "flow: " + flow + "\nhttp:\n  - path: ['{{BaseURL}}/1']\n" + first +
         "  - path: ['{{BaseURL}}/2']\n" + kUp;
}

}  // namespace

TEST_CASE("conformance 16.8: what a call in a flow is worth, table 8.4") {
  struct Row {
    const char *what, *first, *findings, *paths;
  };
  const Row rows[] = {
      {"visible matchers, match", "    matchers:\n      - {type: word, words: [at]}\n",
       "t /1 | t /2", "/1 | /2"},
      {"visible matchers, no match", "    matchers:\n      - {type: word, words: [no]}\n", "",
       "/1"},
      {"all matchers internal",
       "    matchers:\n      - {type: word, internal: true, words: [at]}\n", "t /2", "/1 | /2"},
      {"mixed internal and visible matchers",
       "    matchers:\n      - {type: word, internal: true, words: [at]}\n"
       "      - {type: word, words: [at]}\n",
       "t /1 | t /2", "/1 | /2"},
      {"only internal extractors, found",
       "    extractors:\n      - {type: regex, internal: true, name: i, regex: [a.]}\n", "t /2",
       "/1 | /2"},
      {"only internal extractors, none",
       "    extractors:\n      - {type: regex, internal: true, name: i, regex: [qq]}\n", "", "/1"},
      {"only visible extractors, found", "    extractors:\n      - {type: regex, regex: [a.]}\n",
       "t /1 at | t /2", "/1 | /2"},
      {"only visible extractors, none", "    extractors:\n      - {type: regex, regex: [qq]}\n", "",
       "/1"},
      {"neither matchers nor extractors", "", "t /2", "/1 | /2"},
      {"matchers fail, internal extractor finds",
       "    matchers:\n      - {type: word, words: [no]}\n"
       "    extractors:\n      - {type: regex, internal: true, name: i, regex: [a.]}\n",
       "", "/1"},
      {"an unresolved variable", "    headers: {X: '{{config}}'}\n", "", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Seen s = seen(echo, two_blocks("http(1) && http(2)", row.first));
    CHECK(s.findings == row.findings);
    CHECK(s.paths == row.paths);
  }
}

TEST_CASE("conformance 16.8: a refused connection is false and the flow goes on") {
  std::string dead;
  {
    const RecordingServer gone(echo);
    dead = gone.url("/1");
  }
  const RecordingServer server(echo);
  const std::string rest = "http:\n  - path: ['" + dead + "']\n  - path: ['{{BaseURL}}/2']\n" + kUp;
  CHECK(found(server, "flow: http(1) && http(2)\n" + rest) == "");
  CHECK(found(server, "flow: http(1) || http(2)\n" + rest) == "t /2");
}

TEST_CASE("conformance 16.8: http() runs all blocks, its value is that of any") {
  const Seen s = seen(echo, two_blocks("http() && http(1)",
                                       "    matchers:\n"
                                       "      - {type: word, words: [no]}\n"));
  CHECK(s.paths == "/1 | /2 | /1");
  CHECK(s.findings == "t /2");
}

// ---- 9 ----------------------------------------------------------------------------------------

TEST_CASE("conformance 16.9: without a flow a failed block does not stop the next") {
  const Seen s = seen(
      [](const std::string& request) {
        return target_of(request) == "/1" ? std::string("garbage") : echo(request);
      },
      std::string("http:\n  - path: ['{{BaseURL}}/1']\n") + kUp + "  - path: ['{{BaseURL}}/2']\n" +
          kUp);
  CHECK(s.paths == "/1 | /2");
  CHECK(s.findings == "t /2");
}

TEST_CASE("conformance 16.9: later blocks see fields of earlier ones by the block's name") {
  const Seen s =
      seen(echo,
           "http:\n  - path: ['{{BaseURL}}/1']\n  - id: mine\n    path: ['{{BaseURL}}/2']\n"
           "  - path: ['{{BaseURL}}/3?a={{http_1_body}}&b={{mine_status_code}}']\n    matchers:\n"
           "      - type: dsl\n        dsl: ['contains(mine_body, \"/2\")']\n");
  CHECK(s.paths == "/1 | /2 | /3?a=at+/1&b=200");
  CHECK(s.findings == "t /3?a=at+/1&b=200");
}

TEST_CASE("conformance 16.9: stop-at-first-match does not stop the next block") {
  const std::string blocks = std::string("http:\n  - path: ['{{BaseURL}}/1', '{{BaseURL}}/1b']\n") +
                             kUp + "  - path: ['{{BaseURL}}/2']\n" + kUp;
  CHECK(seen(echo, "stop-at-first-match: true\n" + blocks).paths == "/1 | /2");
}

// ---- 11 ---------------------------------------------------------------------------------------

namespace {

const std::string kTwoPaths = "http:\n  - path: ['{{BaseURL}}/{{v}}', '{{BaseURL}}/{{v}}']\n";

/// The number of different paths that were asked.
std::size_t distinct(const std::string& variables, int targets = 1) {
  std::vector<std::unique_ptr<RecordingServer>> servers;
  std::set<std::string> paths;
  TemplateScan scan;
  scan.add("t", variables + kTwoPaths);
  std::vector<std::string> urls;
  for (int i = 0; i < targets; ++i) {
    servers.push_back(std::make_unique<RecordingServer>(echo));
    urls.push_back(servers.back()->url());
  }
  scan.run(urls);
  for (const auto& server : servers)
    for (const std::string& path : server->paths()) paths.insert(path);
  return paths.size();
}

}  // namespace

TEST_CASE("conformance 16.11: eager random values are the same everywhere, lazy ones nowhere") {
  CHECK(distinct("variables:\n  v: '{{rand_int(1, 1000000000)}}'\n", 2) == 1);
  CHECK(distinct("variables:\n  v: '{{rand_int(1, 1000000000)}}'\n  h: '{{Hostname}}'\n", 2) == 4);
}

TEST_CASE("conformance 16.11: -var overrides a variable, constants override -var") {
  dsl::Variables overrides;
  overrides.set("v", "var");
  const std::string block = "http:\n  - path: ['{{BaseURL}}/{{v}}']\n";
  CHECK(seen(echo, "variables:\n  v: own\n" + block).paths == "/own");
  CHECK(seen(echo, "variables:\n  v: own\n" + block, overrides).paths == "/var");
  CHECK(seen(echo, "variables:\n  v: own\nconstants:\n  v: fixed\n" + block, overrides).paths ==
        "/fixed");
  CHECK(seen(echo, "constants:\n  v: fixed\n" + block + "    payloads: {v: [payload]}\n", overrides)
            .paths == "/payload");
}

// ---- 12 ---------------------------------------------------------------------------------------

TEST_CASE("conformance 16.12: which markers may be sent") {
  const auto paths = [](const std::string& first, const std::string& more = "") {
    return seen(echo, "http:\n  - path: ['{{BaseURL}}/?a=" + first + "', '{{BaseURL}}/2']\n" + more)
        .paths;
  };
  CHECK(paths("{{7*7}}") == "/?a={{7*7}} | /2");
  CHECK(paths("{{config}}") == "");
  CHECK(paths("%7B%7Bconfig%7D%7D") == "");
  CHECK(paths("{{config}}", "    skip-variables-check: true\n") == "/?a={{config}} | /2");
}

// ---- 13 ---------------------------------------------------------------------------------------

TEST_CASE("conformance 16.13: after a refused connection the second template sends nothing") {
  std::string url;
  {
    const RecordingServer gone(echo);
    url = gone.url();
  }
  TemplateScan scan;
  scan.add("a", "http:\n  - path: ['{{BaseURL}}/1', '{{BaseURL}}/2']\n");
  scan.add("b", "http:\n  - path: ['{{BaseURL}}/3']\n");
  scan.run({url});
  CHECK(scan.totals().errors["refused"] == 1);
  CHECK(scan.totals().executions == 1);
}

TEST_CASE("conformance 16.13: an answer takes back the errors counted so far") {
  // Two errors in a row at most, of four: three would drop the host.
  const auto flaky = [](const std::string& request) {
    return target_of(request) == "/ok" ? echo(request) : std::string();
  };
  const std::string block =
      "http:\n  - path: ['{{BaseURL}}/ok', '{{BaseURL}}/e', '{{BaseURL}}/e', '{{BaseURL}}/ok',"
      " '{{BaseURL}}/e', '{{BaseURL}}/e', '{{BaseURL}}/ok']\n";
  const auto asked = [&](int max_errors) {
    const RecordingServer server(flaky);
    TemplateScan scan;
    scan.options.host_errors.max_errors = max_errors;
    scan.options.templates_at_once = 1;
    scan.add("t", block);
    scan.run({server.url()});
    // A connection that ends in use is tried anew, so /e may come twice.
    const auto paths = server.paths();
    return std::count(paths.begin(), paths.end(), "/ok");
  };
  CHECK(asked(3) == 3);
  CHECK(asked(2) == 1);
}
