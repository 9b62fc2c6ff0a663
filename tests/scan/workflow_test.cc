// Workflows against real servers (templates 9).
#include "scan/template_scan.h"

using namespace m8;
using namespace m8::test;

namespace {

/// Answers "/x" with "is /x", a cookie for "/login", and what the Cookie line holds for "/who".
std::string site(const std::string& request) {
  const std::string target = target_of(request);
  if (target == "/login") return ok_reply("in", "Set-Cookie: s=42\r\n");
  if (target == "/versions") return ok_reply("v=1.2 v=3.4");
  if (target == "/who") {
    const auto at = request.find("Cookie: ");
    return ok_reply(at == std::string::npos ? "nobody" : request.substr(at + 8, 4));
  }
  return ok_reply("is " + target);
}

/// A block that asks for \p path, with matchers and extractors in \p rest.
std::string get(const std::string& path, const std::string& rest = "") {
  return "http:\n  - path: ['{{BaseURL}}" + path + "']\n" + rest;
}

const char* const kWord = "    matchers:\n      - type: word\n        words: ['is /']\n";
/// Named matchers of which only "nginx" fires, and an extractor for the whole path.
const char* const kNamed =
    "    matchers:\n      - type: word\n        name: Nginx\n        words: ['is /']\n"
    "      - type: word\n        name: apache\n        words: [nowhere]\n"
    "    extractors:\n      - type: regex\n        name: place\n        group: 1\n"
    "        regex: ['is (/\\w+)']\n";

class WorkflowScan : public TemplateScan {
 public:
  WorkflowScan() {
    for (const char* name : {"a", "b", "c"}) add(name, get(std::string("/") + name, kWord));
    add("named", get("/named", kNamed));
    add("echo", get("/echo?p={{place}}", kWord));
  }
  /// The workflow \p id with these entries of `workflows:`.
  void flow(const std::string& id, const std::string& steps) {
    load.workflows.push_back(
        write("workflows/" + id + ".yaml",
              "id: " + id + "\ninfo:\n  name: n\n  author: a\nworkflows:\n" + steps));
  }
};

}  // namespace

TEST_CASE("conformance 16.10: only what it names runs, steps in order, a parent is not printed") {
  const RecordingServer server(site);
  WorkflowScan scan;
  scan.flow("w",
            "  - template: a.yaml\n    subtemplates:\n      - template: b.yaml\n"
            "  - template: c.yaml\n");
  scan.run({server.url()});
  CHECK(scan.lines() == "b /b | c /c");
  CHECK(paths_of(server) == "/a | /b | /c");
  CHECK(scan.totals().requests_planned == 3);
}

TEST_CASE("scan/workflow: subtemplates wait for a result") {
  const RecordingServer server([](const std::string&) { return ok_reply("no"); });
  WorkflowScan scan;
  scan.flow("w", "  - template: a.yaml\n    subtemplates:\n      - template: b.yaml\n");
  scan.run({server.url()});
  CHECK(scan.lines() == "");
  CHECK(paths_of(server) == "/a");
}

TEST_CASE("scan/workflow: internal matchers of a parent start subtemplates all the same") {
  const RecordingServer server(site);
  WorkflowScan scan;
  scan.add("hidden", get("/hidden",
                         "    matchers:\n      - type: word\n        internal: true\n"
                         "        words: ['is /']\n"));
  scan.flow("w", "  - template: hidden.yaml\n    subtemplates:\n      - template: b.yaml\n");
  scan.run({server.url()});
  CHECK(scan.lines() == "b /b");
}

TEST_CASE("conformance 16.10: matchers start steps by names, in any case, or and and") {
  struct Row {
    const char *matcher, *lines;
  };
  const Row rows[] = {
      {"name: nginx", "b /b"},
      {"name: NGINX", "b /b"},
      {"name: apache", ""},
      {"name: place", "b /b"},  // of an extractor
      {"name: [apache, nginx]", "b /b"},
      {"name: [apache, nginx]\n        condition: and", ""},
      {"name: [nginx, place]\n        condition: and", "b /b"},
      {"condition: or", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.matcher);
    const RecordingServer server(site);
    WorkflowScan scan;
    scan.flow("w", std::string("  - template: named.yaml\n    matchers:\n      - ") + row.matcher +
                       "\n        subtemplates:\n          - template: b.yaml\n"
                       "    subtemplates:\n      - template: c.yaml\n");
    scan.run({server.url()});
    CHECK(scan.lines() == row.lines);  // and c, beside matchers, is not looked at
  }
}

TEST_CASE("scan/workflow: every event that satisfies a matcher starts its steps again") {
  const RecordingServer server(site);
  WorkflowScan scan;
  scan.add("twice", "http:\n  - path: ['{{BaseURL}}/1', '{{BaseURL}}/2']\n" + std::string(kNamed));
  scan.flow("w",
            "  - template: twice.yaml\n    matchers:\n      - name: nginx\n"
            "        subtemplates:\n          - template: b.yaml\n");
  scan.run({server.url()});
  CHECK(scan.lines() == "b /b | b /b");
}

TEST_CASE("conformance 16.10: a value is handed down plain, under matchers as a list") {
  const RecordingServer server(site);
  WorkflowScan scan;
  scan.flow("plain", "  - template: named.yaml\n    subtemplates:\n      - template: echo.yaml\n");
  scan.flow("list",
            "  - template: named.yaml\n    matchers:\n      - name: place\n"
            "        subtemplates:\n          - template: echo.yaml\n");
  scan.run({server.url()});
  CHECK(scan.lines() == "echo /echo?p=/named | echo /echo?p=[/named]");
}

TEST_CASE("scan/workflow: several values are numbered, and gone in the next top-level step") {
  const RecordingServer server(site);
  WorkflowScan scan;
  scan.add("versions", get("/versions",
                           "    extractors:\n      - type: regex\n        name: v\n"
                           "        group: 1\n        regex: ['v=([0-9.]+)']\n"));
  scan.add("use", get("/use?a={{v0}}&b={{v1}}&c={{v}}", kWord));
  scan.flow("w",
            "  - template: versions.yaml\n    subtemplates:\n      - template: use.yaml\n"
            "  - template: use.yaml\n");
  scan.run({server.url()});
  CHECK(scan.lines() == "use /use?a=1.2&b=3.4&c=[1.2+3.4]");
}

TEST_CASE("scan/workflow: cookies go from step to step, not to another workflow") {
  const RecordingServer server(site);
  WorkflowScan scan;
  scan.add("login", get("/login"));
  scan.add("who", get("/who", "    extractors:\n      - type: regex\n        regex: ['.+']\n"));
  scan.flow("one", "  - template: login.yaml\n  - template: who.yaml\n");
  scan.flow("two", "  - template: who.yaml\n");
  scan.options.templates_at_once = 1;
  scan.run({server.url()});
  CHECK(scan.lines() == "who /who nobody | who /who s=42");
}

TEST_CASE("scan/workflow: tags and folders name many, filters hold for leaves only") {
  const RecordingServer server(site);
  WorkflowScan scan;
  scan.write(
      "more/d.yaml",
      "id: d\ninfo:\n  name: n\n  author: a\n  severity: high\n  tags: Web,x\n" + get("/d", kWord));
  scan.write(
      "more/e.yaml",
      "id: e\ninfo:\n  name: n\n  author: a\n  severity: info\n  tags: web\n" + get("/e", kWord));
  SUBCASE("tags") {
    scan.flow("w", "  - tags: x,web\n");
    scan.run({server.url()});
    CHECK(scan.lines() == "d /d | e /e");
  }
  SUBCASE("folder") {
    scan.flow("w", "  - template: more/\n");
    scan.run({server.url()});
    CHECK(scan.lines() == "d /d | e /e");
  }
  SUBCASE("severity") {
    scan.load.filter.severities = {model::Severity::kHigh};
    scan.flow("w", "  - template: a.yaml\n    subtemplates:\n      - tags: web\n");
    scan.run({server.url()});
    CHECK(scan.lines() == "d /d");
    CHECK(paths_of(server) == "/a | /d");
  }
  SUBCASE("an excluded tag") {
    scan.load.filter.exclude_tags = {"x"};
    scan.flow("w", "  - tags: web\n");
    scan.run({server.url()});
    CHECK(scan.lines() == "e /e");
  }
}

TEST_CASE("scan/workflow: a value deep inside, -var above it") {
  const RecordingServer server(site);
  WorkflowScan scan;
  const std::string nested =
      "  - template: named.yaml\n    subtemplates:\n      - template: a.yaml\n"
      "        subtemplates:\n          - template: echo.yaml\n";
  SUBCASE("nested") {
    scan.flow("w", nested);
    scan.run({server.url()});
    CHECK(scan.lines() == "echo /echo?p=/named");
  }
  SUBCASE("-var") {
    scan.overrides.set("place", "mine");
    scan.flow("w", nested);
    scan.run({server.url()});
    CHECK(scan.lines() == "echo /echo?p=mine");
  }
}

TEST_CASE("scan/workflow: what is wrong with one is told, the others run") {
  const RecordingServer server(site);
  WorkflowScan scan;
  scan.flow("good", "  - template: a.yaml\n    subtemplates:\n      - name: b\n");
  scan.flow("self", "  - template: workflows/self.yaml\n");
  scan.flow("neither", "  - subtemplates:\n      - template: a.yaml\n");
  scan.flow("missing", "  - template: nowhere.yaml\n");
  scan.flow("typo", "  - template: a.yaml\n    matcher: []\n");
  scan.run({server.url()});
  CHECK(scan.lines() == "a /a");
  const std::string reasons = TemplateScan::reasons(scan.catalog.invalid);
  CAPTURE(reasons);
  for (const char* reason : {"good: step left out: line 8: unknown key 'name' in a workflow",
                             "self: a workflow can't be a step of a workflow",
                             "neither: line 6: invalid workflow with no templates or tags",
                             "missing: line 6: could not find template 'nowhere.yaml'",
                             "typo: line 7: unknown key 'matcher' in a workflow"}) {
    CHECK_MESSAGE(reasons.find(reason) != std::string::npos, reason);
  }
}

TEST_CASE("scan/workflow: steps that breed are stopped, and said") {
  const RecordingServer server(site);
  WorkflowScan scan;
  std::string values;
  for (int i = 0; i < 150; ++i) values += std::to_string(i) + ",";
  scan.add("many", "http:\n  - path: ['{{BaseURL}}/{{n}}']\n    payloads: {n: [" + values + "]}\n" +
                       kNamed);
  // 150 events start 150 each, which start 150 each: 3.4 million requests.
  const std::string more = "matchers: [{name: nginx, subtemplates: [";
  scan.flow("w", "  - {template: many.yaml, " + more + "{template: many.yaml, " + more +
                     "{template: a.yaml}]}]}]}]}\n");
  scan.run({server.url()});
  CHECK(server.requests().size() < 40'000);
  CHECK(scan.findings().size() <= 10'000);
  CHECK(scan.findings().size() > 5'000);
}

TEST_CASE("scan/workflow: with -t as well both run; a workflow under -t does not") {
  const RecordingServer server(site);
  WorkflowScan scan;
  scan.flow("w", "  - template: a.yaml\n");
  scan.load.paths = {scan.folder()};
  scan.load.filter.ids = {"b", "w"};
  scan.load.workflows.clear();
  scan.run({server.url()});
  CHECK(scan.lines() == "b /b");
  CHECK(TemplateScan::reasons(scan.catalog.excluded) == "w: -w");
}
