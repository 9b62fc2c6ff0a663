#include "output/html.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::output;

TEST_CASE("output/html: nothing that a server sent is markup") {
  CHECK(html_escape("<a href=\"x\">'&'</a>\x01\x1b\t\r\n\x7f") ==
        "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;\\x01\\x1b\t\n\\x7f");
}

TEST_CASE("output/html: the summary counts what is open, by host and day, the gravest first") {
  ReportSummary summary;
  const auto add = [&](const char* host, model::Severity severity, char status, bool gone,
                       int day) {
    model::Issue issue;
    issue.host = host;
    issue.severity = severity;
    issue.status = status;
    issue.first_seen = WallTime(std::chrono::hours(24 * day));
    if (gone) issue.gone = WallTime(std::chrono::hours(1));
    summary.add(issue);
  };
  add("many.com", model::Severity::kLow, 'U', false, 0);
  add("many.com", model::Severity::kLow, 'U', false, 1);
  add("grave.com", model::Severity::kCritical, 'V', false, 1);
  add("decoy.com", model::Severity::kCritical, 'F', false, 2);
  add("fixed.com", model::Severity::kHigh, 'R', true, 2);
  CHECK(summary.issues() == 5);
  CHECK(summary.gone() == 1);
  CHECK(summary.open() == SeverityCounts{0, 0, 2, 0, 0, 1});
  const auto hosts = summary.worst_hosts(10);
  REQUIRE(hosts.size() == 2);
  CHECK(hosts[0].first == "grave.com");
  CHECK(summary.worst_hosts(1).size() == 1);
  const auto days = summary.days(2);
  REQUIRE(days.size() == 2);
  CHECK(days[0].first == "1970-01-02");
  const std::string page = html_head(summary);
  CHECK(page.find("5 issues on 4 hosts") != page.npos);
}

TEST_CASE("output/html: evidence is cut where the options say") {
  model::Issue issue;
  issue.event =
      R"({"request":"abcdef","info":{"reference":["javascript:x","https://a.com/?a=1&b=2"]}})";
  const std::string html = html_issue(issue, {.max_evidence = 3});
  CHECK(html.find("<pre tabindex=\"0\">abc</pre>") != html.npos);
  CHECK(html.find("3 B of 6 B shown") != html.npos);
  CHECK(html.find("href=\"javascript") == html.npos);
  CHECK(html.find("href=\"https://a.com/?a=1&amp;b=2\"") != html.npos);
}
