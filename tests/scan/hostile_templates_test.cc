// Templates that mean harm or make none of the sense they seem to: bounded, told, and the others
// run (the good one of each scan is found).
#include <filesystem>
#include <fstream>

#include "base/process.h"
#include "scan/template_scan.h"

using namespace m8;
using namespace m8::test;

namespace {

std::string echo(const std::string& request) { return ok_reply("at " + target_of(request)); }

const char* const kUp = "    matchers:\n      - type: status\n        status: [200]\n";

std::string get(const std::string& path, const std::string& rest = "") {
  return "http:\n  - path: ['{{BaseURL}}" + path + "']\n" + rest;
}

/// A scan of the hostile template and a good one.
class HostileScan : public TemplateScan {
 public:
  explicit HostileScan(const std::string& rest) : HostileScan() { add("hostile", rest); }
  HostileScan() { add("zz-good", get("/good", kUp)); }

  void check(const std::string& reason) {
    const RecordingServer server(echo);
    run({server.url()});
    CHECK(lines().find("zz-good /good") != std::string::npos);
    const std::string reasons = TemplateScan::reasons(catalog.invalid);
    CAPTURE(reasons);
    CHECK(reasons.find(reason) != std::string::npos);
    paths = paths_of(server);
  }
  std::string paths;
};

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("scan/hostile: a YAML bomb") {
  std::string bomb = "variables:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "  a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
            repeated(before + ", ", 9) + before + "]\n";
  }
  HostileScan(bomb + get("/x", kUp)).check("nodes");
  HostileScan scan;
  scan.write("deep.yaml", "id: deep\ninfo: " + repeated("[", 100'000));
  scan.check("levels");
}

TEST_CASE("scan/hostile: regular expressions of a megabyte, or whose program would be one") {
  const auto regex = [](const std::string& pattern) {
    return get("/x", "    matchers:\n      - type: regex\n        regex: ['" + pattern + "']\n");
  };
  HostileScan(regex(repeated("a", 2 << 20))).check("hostile: ");
  [[maybe_unused]] const std::uint64_t before = process_usage().peak_rss_bytes;
  for (const std::string& pattern :
       {"(" + repeated("ab|", 300'000) + "x)", std::string("((a{1000}){1000}){1000}"),
        std::string("(((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9})")}) {
    HostileScan(regex(pattern)).check("");  // refused, or never matching
  }
#ifndef M8_SANITIZED  // a sanitizer keeps what was freed
  CHECK(process_usage().peak_rss_bytes < before + (200u << 20));
#endif
}

TEST_CASE("scan/hostile: payload files that are missing, empty, outside the folders or no files") {
  const auto payload = [](const std::string& file) {
    return get("/{{p}}", "    payloads:\n      p: " + file + "\n" + kUp);
  };
  HostileScan(payload("nowhere.txt")).check("nowhere.txt file for payload p does not exist");
  HostileScan(payload("/etc/passwd")).check("access to helper file /etc/passwd denied");
  HostileScan(payload("../../../../../../../etc/passwd")).check("denied");
  HostileScan(payload("/dev/zero")).check("does not exist or does not contain enough elements");
  HostileScan(payload("/proc/self/environ")).check("denied");
  HostileScan scan(payload("link.txt"));
  std::filesystem::create_symlink("/etc/passwd", scan.folder() + "/link.txt");
  scan.check("link.txt denied");
  HostileScan empty(payload("empty.txt"));
  empty.write("empty.txt", "\n\n");
  empty.check("does not contain enough elements");
}

TEST_CASE("scan/hostile: more combinations than anybody can send") {
  std::string lists;
  for (int i = 0; i < 40; ++i) lists += "      p" + std::to_string(i) + ": [a, b]\n";
  std::string use;
  for (int i = 0; i < 40; ++i) use += "{{p" + std::to_string(i) + "}}";
  HostileScan(get("/" + use, "    attack: clusterbomb\n    payloads:\n" + lists))
      .check("more than 2147483647 combinations");
  HostileScan("http:\n  - path: ['{{BaseURL}}']\n    race: true\n    race_count: 2000000000\n")
      .check("race_count: more than 1000 requests");
}

TEST_CASE("scan/hostile: expressions that divide by zero, overflow or ask for too much") {
  const std::string expressions[] = {
      "1/0 == 1",
      "5 % 0 == 0",
      "status_code / (status_code - 200) > 1",
      "1 << 100000 == 0",
      "2 ** 100000 > 1",
      "len(repeat(\"a\", 1000000000)) > 0",
      "len(rand_base(1000000000)) > 0",
      "len(repeat(repeat(\"abcdefgh\", 1000000), 1000000)) > 0",
      "len(wait_for(999999999)) > 0 && false",
      "regex(\"(a+)+$\", repeat(\"a\", 100000) + \"b\")",
      repeated("(", 5000) + "1" + repeated(")", 5000) + " == 1",
      repeated("!", 5000) + "true",
      "json_minify(\"" + repeated("[", 10000) + "\") == \"\"",
  };
  for (const std::string& expression : expressions) {
    CAPTURE(expression.substr(0, 60));
    HostileScan(
        get("/x", "    matchers:\n      - type: dsl\n        dsl: ['" + expression + "']\n"))
        .check("");
  }
}

TEST_CASE("scan/hostile: variables that double, read each other or themselves") {
  std::string doubling = "variables:\n  v0: aaaaaaaaaaaaaaaa\n";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "{{v" + std::to_string(i - 1) + "}}";
    doubling += "  v" + std::to_string(i) + ": '" + before + before + "'\n";
  }
  const std::uint64_t before = process_usage().peak_rss_bytes;
  HostileScan(doubling + get("/{{v59}}", kUp)).check("");
  CHECK(process_usage().peak_rss_bytes < before + (400u << 20));
  HostileScan scan("variables:\n  a: '{{b}}'\n  b: '{{a}}'\n  c: '{{c}}'\n" +
                   get("/{{a}}{{b}}{{c}}", kUp));
  scan.check("");
  CHECK(scan.paths == "/good");
}

TEST_CASE("scan/hostile: what is no template at all") {
  HostileScan scan;
  scan.write("null.yaml", std::string("\0\0\0", 3));
  scan.write("empty.yaml", "");
  scan.write("list.yaml", "- a\n- b\n");
  scan.write("bytes.yaml", "\xff\xfe\x00id: x");
  scan.write("scalar.json", "42");
  scan.write("broken.json", "{\"id\": \"x\", \"info\": {");
  scan.write("tab.yaml", "id: x\n\tinfo: y\n");
  scan.write("big.yaml", "id: big\n" + std::string(5 << 20, '#'));
  std::filesystem::create_directory(scan.folder() + "/folder.yaml");
  scan.check("");
  CHECK(scan.catalog.invalid.size() == 8);
}

TEST_CASE("scan/hostile: numbers that no field can hold") {
  for (const char* field :
       {"max-size: 99999999999999999999", "threads: -1", "max-redirects: 1e9", "max-size: -5",
        "stop-at-first-match: maybe", "race_count: x\n    race: true"}) {
    CAPTURE(field);
    HostileScan(get("/x", "    " + std::string(field) + "\n")).check("hostile: ");
  }
}
