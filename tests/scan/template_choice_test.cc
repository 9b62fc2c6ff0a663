#include "scan/template_choice.h"

#include <doctest/doctest.h>

#include "template_scan.h"

using namespace m8;

namespace {

const char* kRequest =
    "http:\n  - path: ['{{BaseURL}}/x']\n    matchers:\n      - {type: status, status: [200]}\n";

scan::TechnologyChoice nginx_only() {
  return scan::TechnologyChoice(*probe::Fingerprints::parse(
      R"({"apps": {"Nginx": {"headers": {"Server": "nginx"}},
                   "Apache HTTP Server": {"headers": {"Server": "apache"}}}})"));
}

struct Case {
  const char* head;
  const char* lines;
};

}  // namespace

TEST_CASE(
    "scan/template_choice: a target gets the templates of the technologies on its first page") {
  for (const Case& one : {Case{"Server: nginx\r\n", "for-nginx /x"},
                          Case{"Server: apache\r\n", "for-apache /x"}, Case{"Server: x\r\n", ""}}) {
    CAPTURE(one.head);
    const test::RecordingServer server(
        [&one](const std::string&) { return test::ok_reply("yes", one.head); });
    const scan::TechnologyChoice choice = nginx_only();
    test::TemplateScan scan;
    scan.options.choice = &choice;
    scan.add("for-nginx", kRequest, "  tags: tech,nginx\n");
    scan.add("for-apache", kRequest, "  tags: apache\n");
    scan.add("for-servers", kRequest, "  tags: server\n");
    scan.add("for-all", kRequest);
    scan.run({server.url()});
    CHECK(scan.lines() == one.lines);
    CHECK(test::paths_of(server) == (*one.lines ? "/ | /x" : "/"));
    CHECK(scan.totals().targets_done == 1);
  }
}

TEST_CASE("scan/template_choice: a target without a first page gets none, and the scan ends") {
  const scan::TechnologyChoice choice = nginx_only();
  test::TemplateScan scan;
  scan.options.choice = &choice;
  scan.options.template_major = true;
  scan.add("for-nginx", kRequest, "  tags: nginx\n");
  scan.run({"http://127.0.0.1:1", "http://127.0.0.1:2"});
  CHECK(scan.lines().empty());
  CHECK(scan.totals().executions == 0);
}
