// Clusters: the same results as without, with fewer requests (templates 10).
#include "templates/cluster.h"

#include <algorithm>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "protocols/block_fixture.h"
#include "scan/engine.h"

using namespace m8;
using namespace m8::test;

namespace {

class FoundSink final : public model::Sink {
 public:
  Status finding(const model::Finding& finding) override {
    found.push_back(fmt::format("{} {}{} {} {}", finding.info->id, finding.matcher_name,
                                finding.extractor_name, finding.matched_at,
                                fmt::join(finding.extracted_results, ",")));
    return {};
  }
  std::vector<std::string> found;
};

/// What a scan of one server came to.
struct Outcome {
  std::vector<std::string> found;
  std::size_t requests = 0;
  scan::Totals totals;
};

class Corpus {
 public:
  /// \p id with \p block behind "http:\n  - ".
  Corpus& add(const std::string& id, const std::string& block, const std::string& rest = "") {
    const auto document = templates::read_document(
        fmt::format("id: {}\ninfo: {{name: n, author: a, severity: info}}\n{}http:\n  - {}\n", id,
                    rest, block),
        {});
    REQUIRE_MESSAGE(document.ok(), (document.ok() ? "" : document.error().message));
    auto compiled = templates::Template::compile(*document, {}, services_);
    REQUIRE_MESSAGE(compiled.ok(), (compiled.ok() ? "" : compiled.error().message));
    templates.push_back(std::move(compiled).value());
    return *this;
  }
  Corpus& add_front(const std::string& id, const std::string& operators) {
    return add(id, "{path: ['{{BaseURL}}/'], " + operators + "}");
  }

  Outcome run(RecordingServer::Handler handler, bool clustered) {
    const RecordingServer server(std::move(handler));
    SessionFixture http;
    FoundSink sink;
    protocols::Settings settings;
    settings.retries = 0;
    scan::Engine engine(
        clustered ? templates::make_clusters(templates) : templates,
        {*http.session, sink, services_, settings, overrides_, http.scope, SystemClock::instance()},
        {});
    model::TargetReader reader({{server.url()}, {}, {}, 1000, {}});
    REQUIRE(engine.run([&](std::stop_token token) { return reader.next(token); }, {}).ok());
    engine.close();
    Outcome outcome{std::move(sink.found), server.requests().size(), engine.totals()};
    for (std::string& line : outcome.found) line.replace(line.find(server.port()), 5, "PORT");
    std::sort(outcome.found.begin(), outcome.found.end());
    return outcome;
  }

  std::vector<std::shared_ptr<const templates::Template>> templates;

 private:
  dsl::Services services_;
  dsl::Variables overrides_;
};

std::string login_page(const std::string&) {
  return "HTTP/1.1 200 OK\r\nServer: Demo/1.2\r\nContent-Length: 26\r\n\r\n"
         "<title>Login</title> token";
}

}  // namespace

TEST_CASE("scan/cluster: equal requests are sent once, each template finds what it finds alone") {
  Corpus corpus;
  corpus.add_front("word", "matchers: [{type: word, words: [Login]}]")
      .add_front("absent", "matchers: [{type: word, words: [nowhere]}]")
      .add_front("negative", "matchers: [{type: word, words: [nowhere], negative: true}]")
      .add_front("named",
                 "matchers: [{type: word, words: [Login], name: a},"
                 " {type: status, status: [200], name: b}]")
      .add_front("status", "matchers: [{type: status, status: [404]}]")
      .add_front("dsl",
                 "matchers: [{type: dsl, dsl: ['contains(to_lower(body), \"login\") && "
                 "status_code == 200 && len(body) == 26']}]")
      .add_front("regex", "matchers: [{type: regex, part: header, regex: ['(?i)demo/[0-9.]+']}]")
      .add_front("extracts",
                 "extractors: [{type: regex, part: header, group: 1,"
                 " regex: ['Demo/([0-9.]+)']}]")
      .add_front("own-id", "matchers: [{type: dsl, dsl: ['template-id == \"own-id\"']}]")
      .add("own-variable",
           "{path: ['{{BaseURL}}/'], matchers: [{type: word, words: ['{{wanted}}']}]}",
           "variables: {wanted: 'tok{{to_lower(\"EN\")}}'}\n");
  const Outcome apart = corpus.run(login_page, false), together = corpus.run(login_page, true);
  CHECK(apart.requests == 10);
  CHECK(together.requests == 1);
  CHECK(apart.found.size() == 8);
  CHECK(together.found == apart.found);
  CHECK(together.totals.requests_planned == 1);
  CHECK(together.totals.requests_done == 1);
  CHECK(together.totals.executions == apart.totals.executions);
}

TEST_CASE("scan/cluster: a member that stops at its first match does not stop the others") {
  const std::string paths = "path: ['{{BaseURL}}/a', '{{BaseURL}}/b', '{{BaseURL}}/c'], ";
  const auto block = [&](const char* word, bool stops) {
    return fmt::format("{{{}{} matchers: [{{type: word, words: [{}]}}]}}", paths,
                       stops ? "stop-at-first-match: true," : "", word);
  };
  const auto path_as_body = [](const std::string& request) {
    return ok_reply("page " + request.substr(5, 1));
  };
  Corpus mixed;
  mixed.add("stops", block("page", true)).add("goes-on", block("page", false));
  const Outcome apart = mixed.run(path_as_body, false), together = mixed.run(path_as_body, true);
  CHECK(apart.requests == 4);
  CHECK(together.requests == 3);
  CHECK(apart.found.size() == 4);
  CHECK(together.found == apart.found);

  Corpus eager;
  eager.add("stops", block("page", true)).add("stops-later", block("'page b'", true));
  const Outcome stopped = eager.run(path_as_body, true);
  CHECK(stopped.requests == 2);  // nobody is left to see the third
  CHECK(stopped.found.size() == 2);
  CHECK(stopped.totals.requests_done == 3);
}

TEST_CASE("scan/cluster: a redirect's answers are events for every member") {
  const auto redirecting = [](const std::string& request) {
    return request.find("GET / ") == 0
               ? std::string("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
               : ok_reply("there");
  };
  const std::string path = "{path: ['{{BaseURL}}/'], host-redirects: true, ";
  Corpus corpus;
  corpus.add("last", path + "matchers: [{type: word, words: [there], part: body}]}")
      .add("first", path + "matchers: [{type: status, status: [302]}]}")
      .add("location", path + "matchers: [{type: word, part: location, words: [/there]}]}");
  const Outcome apart = corpus.run(redirecting, false), together = corpus.run(redirecting, true);
  CHECK(together.requests == 2);
  CHECK(apart.requests == 6);
  CHECK(apart.found.size() == 3);
  CHECK(together.found == apart.found);
}

TEST_CASE("scan/cluster: only who sends the same in the same way may share") {
  const std::string operators = "matchers: [{type: status, status: [200]}]}";
  const auto key = [&](const std::string& block, const std::string& rest = "") {
    Corpus corpus;
    corpus.add("t", block + operators, rest);
    return corpus.templates[0]->share_key();
  };
  const std::string plain = key("{path: ['{{BaseURL}}/'], ");
  CHECK(!plain.empty());
  CHECK(key("{path: ['{{BaseURL}}/'], stop-at-first-match: true, ") == plain);
  CHECK(key("{path: ['{{BaseURL}}/'], ", "variables: {a: '{{rand_int(1,9)}}'}\n") == plain);
  const char* others[] = {
      "{path: ['{{BaseURL}}'], ",
      "{path: ['{{BaseURL}}/', '{{BaseURL}}/x'], ",
      "{path: ['{{RootURL}}/'], ",
      "{path: ['{{BaseURL}}/'], method: HEAD, ",
      "{path: ['{{BaseURL}}/'], headers: {X-A: b}, ",
      "{path: ['{{BaseURL}}/'], redirects: true, ",
      "{path: ['{{BaseURL}}/'], host-redirects: true, ",
      "{path: ['{{BaseURL}}/'], max-redirects: 3, ",
      "{path: ['{{BaseURL}}/'], max-size: 100, ",
      "{path: ['{{BaseURL}}/'], skip-variables-check: true, ",
  };
  for (const char* other : others) {
    CAPTURE(std::string(other));
    CHECK(!key(other).empty());
    CHECK(key(other) != plain);
  }
  const char* alone[] = {
      "{raw: [\"GET / HTTP/1.1\\nHost: {{Hostname}}\\n\\n\"], ",
      "{path: ['{{BaseURL}}/'], body: x, ",
      "{path: ['{{BaseURL}}/{{p}}'], payloads: {p: [a]}, ",
      "{path: ['{{BaseURL}}/{{randstr}}'], ",
      "{path: ['{{BaseURL}}/{{md5(1)}}'], ",
      "{path: ['{{BaseURL}}/'], headers: {X-A: '{{other}}'}, ",
      "{path: ['{{BaseURL}}/'], race: true, race_count: 2, ",
      ("{path: ['{{BaseURL}}/', '{{BaseURL}}/x'], extractors: [{type: regex, name: t, internal:"
       " true, regex: [x]}], "),
  };
  for (const char* one : alone) {
    CAPTURE(std::string(one));
    // {{randstr}} is filled in on reading, and then like any other text.
    if (std::string(one).find("randstr") == std::string::npos) CHECK(key(one).empty());
    CHECK(key(one) != plain);
  }
  CHECK(key("{path: ['{{BaseURL}}/'], ", "variables: {BaseURL: x}\n").empty());
  CHECK(key("{path: ['{{BaseURL}}/'], ", "constants: {Hostname: x}\n").empty());
  CHECK(key("{path: ['{{BaseURL}}/'], ", "flow: http(1)\n").empty());
}
