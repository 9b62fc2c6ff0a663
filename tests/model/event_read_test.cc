#include "model/event_read.h"

#include <doctest/doctest.h>

#include "model/event_json.h"
#include "model/issue.h"

using namespace m8;
using namespace m8::model;

namespace {

constexpr const char* kEvent =
    R"({"template":"http/cves/2021/CVE-2021-1.yaml","template-id":"CVE-2021-1","template-path":"/t/CVE-2021-1.yaml",)"
    R"("info":{"name":"Acme","author":["someone"],"tags":["cve","rce"],"description":"Runs.","impact":"All.",)"
    R"("reference":["https://example.org/a"],"severity":"critical","metadata":{"max-request":1,"verified":true,"a":[null,"x"]},)"
    R"("classification":{"cve-id":["cve-2021-1"],"cwe-id":null,"cvss-metrics":"CVSS:3.1/AV:N","cvss-score":9.8},"remediation":"Update."},)"
    R"("matcher-name":"uid","type":"http","host":"t.example","port":"8443","scheme":"https","url":"https://t.example:8443",)"
    R"j("matched-at":"https://t.example:8443/run?c=id","extracted-results":["uid=0(root)"],"request":"GET / HTTP/1.1\r\n\r\n",)j"
    R"("response":"HTTP/1.1 200 OK\r\n\r\n","meta":{"cmd":"id"},"ip":"192.0.2.7",)"
    R"("timestamp":"2026-06-01T12:00:00.123456789+02:00","curl-command":"curl -X 'GET'","matcher-status":true})";

}  // namespace

TEST_CASE("model/event_read: an event is read as it is written") {
  const auto finding = parse_event(kEvent);
  REQUIRE(finding.ok());
  CHECK(finding->info->severity == Severity::kCritical);
  CHECK(finding->info->classification->cvss_score == 9.8);
  CHECK(finding->timestamp.time_since_epoch().count() == 1780308000123456789);
  // Written again it is the same text, but for the zone of this machine.
  const std::string again = event_json(*finding);
  const auto reread = parse_event(again);
  REQUIRE(reread.ok());
  CHECK(event_json(*reread) == again);
  CHECK(issue_signature(*reread) == issue_signature(*finding));
  const std::string given(kEvent), stamp = "\"timestamp\"";
  CHECK(again.substr(0, again.find(stamp)) == given.substr(0, given.find(stamp)));
}

TEST_CASE("model/event_read: events of older versions, and those that lack nearly all") {
  const auto old = parse_event(
      R"({"templateID":"x","matcher_name":"m","host":"http://a.com:81/p","matched":"http://a.com:81/p?a=1"})");
  REQUIRE(old.ok());
  CHECK(old->info->id == "x");
  CHECK(old->host == "a.com");
  CHECK(old->url == "http://a.com:81/p");
  CHECK(old->matched_at == "http://a.com:81/p?a=1");
  CHECK(old->matcher_name == "m");
  CHECK(old->matched);
  for (const char* bad : {"", "[]", "7", "{}", R"({"template-id":"x"})", R"({"host":"a"})",
                          R"({"template-id":7,"host":"a"})", R"({"template-id":"x","host":"a")"}) {
    CAPTURE(std::string(bad));
    const auto finding = parse_event(bad);
    REQUIRE_FALSE(finding.ok());
    CHECK(finding.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("model/event_read: values of the wrong type are left out") {
  const auto odd = parse_event(
      R"({"template-id":"x","host":"a","info":[],"meta":"m","extracted-results":{"a":1},"timestamp":5,"matcher-status":"no"})");
  REQUIRE(odd.ok());
  CHECK(odd->info->name.empty());
  CHECK(odd->meta.empty());
  CHECK(odd->matched);
}

TEST_CASE("model/event_read: times") {
  const auto seconds = [](const char* text) {
    const auto time = parse_rfc3339(text);
    return time ? std::chrono::floor<std::chrono::seconds>(time->time_since_epoch()).count() : -1;
  };
  CHECK(seconds("1970-01-01T00:00:10Z") == 10);
  CHECK(seconds("1970-01-01T01:00:10.5+01:00") == 10);
  CHECK(seconds("1970-01-01T00:00:10-00:30") == 1810);
  for (const char* bad : {"", "1970-01-01", "1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z",
                          "1970-01-01T00:00:00", "1970-01-01T00:00:00+1", "x970-01-01T00:00:00Z",
                          "9999-01-01T00:00:00Z", "1970/01/01T00:00:00Z"}) {
    CAPTURE(std::string(bad));
    CHECK(seconds(bad) == -1);
  }
}
