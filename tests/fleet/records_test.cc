#include "fleet/records.h"

#include <doctest/doctest.h>

#include "model/endpoint_json.h"
#include "model/event_json.h"

using namespace m8;

namespace {

class Kept final : public model::Sink {
 public:
  Status hostname(const model::Hostname& record) override {
    return hostnames.push_back(record), Status();
  }
  Status endpoint(const model::Endpoint& record) override {
    return endpoints.push_back(record), Status();
  }
  Status finding(const model::Finding& record) override {
    return findings.push_back(record), Status();
  }
  Status outcome(const model::Outcome& record) override {
    return outcomes.push_back(record), Status();
  }
  std::vector<model::Hostname> hostnames;
  std::vector<model::Endpoint> endpoints;
  std::vector<model::Finding> findings;
  std::vector<model::Outcome> outcomes;
};

/// Writes and reads back; paths "/cache/x" are "/here/x" afterwards.
class Trip {
 public:
  std::string text;
  fleet::RecordLines lines{"/cache", [this](std::string_view line) {
                             text += line;
                             return Status();
                           }};
  Kept kept;
  fleet::RecordReader reader{kept,
                             [](std::string_view path) { return "/here" + std::string(path); }};
};

model::Finding make_finding(const std::shared_ptr<model::TemplateInfo>& info) {
  model::Finding finding;
  finding.info = info;
  finding.matcher_name = "m";
  finding.host = "a.test";
  finding.port = "80";
  finding.scheme = "http";
  finding.url = finding.matched_at = "http://a.test/x?<&>";
  finding.extracted_results = {"1", "two"};
  finding.request = "GET / HTTP/1.1\r\n\r\n";
  finding.response = std::string("\x00\xff\xfe<bin>\n", 9);
  finding.meta = {{"user", "root"}};
  finding.timestamp = WallTime(std::chrono::nanoseconds(1'700'000'000'123'456'789));
  finding.error = "e";
  finding.random = {"r"};
  finding.interaction = std::make_shared<model::Interaction>(
      model::Interaction{"dns", "id", "full", "A", "q", "r", "", "1.2.3.4", "t", "{}"});
  return finding;
}

std::shared_ptr<model::TemplateInfo> make_info() {
  auto info = std::make_shared<model::TemplateInfo>();
  info->id = "t";
  info->path = "/cache/0/t.yaml";
  info->name = "T";
  info->tags = {"a", "b"};
  info->severity = model::Severity::kHigh;
  info->metadata = {{"k", "\"v\""}};
  info->classification.emplace();
  info->classification->cve_id = {{"CVE-1"}};
  info->classification->cvss_score = 9.8;
  return info;
}

}  // namespace

TEST_CASE("fleet/records: a finding comes back with every byte, its template told once") {
  Trip trip;
  const auto info = make_info();
  const model::Finding finding = make_finding(info);
  REQUIRE(trip.lines.finding(finding).ok());
  model::Finding second = finding;
  second.matched = false;
  REQUIRE(trip.lines.finding(second).ok());
  REQUIRE(trip.reader.read_all(trip.text).ok());
  REQUIRE(trip.kept.findings.size() == 2);
  const model::Finding& read = trip.kept.findings[0];
  CHECK(read.info == trip.kept.findings[1].info);
  CHECK(read.info->path == "/here/0/t.yaml");
  CHECK(read.response == finding.response);
  CHECK(read.timestamp == finding.timestamp);
  CHECK(read.matched);
  CHECK_FALSE(trip.kept.findings[1].matched);
  CHECK(read.random == finding.random);
  info->path = "/here/0/t.yaml";
  CHECK(model::event_json(read) == model::event_json(finding));
}

TEST_CASE("fleet/records: endpoints, hostnames and outcomes") {
  Trip trip;
  model::Endpoint endpoint;
  endpoint.url = "https://a.test";
  endpoint.port = 443;
  endpoint.time = std::chrono::microseconds(1234);
  endpoint.chain_status = {301, 200};
  endpoint.hashes = {{"body_md5", "x"}};
  endpoint.live = false;
  auto tls = std::make_shared<net::TlsPeer>();
  tls->names = {"a.test"};
  tls->self_signed = true;
  endpoint.tls = tls;
  model::Hostname hostname;
  hostname.hostname = "www.a.test";
  hostname.domain = "a.test";
  hostname.tie = model::Hostname::Tie::kGuess;
  hostname.endpoints = {endpoint, {}};
  REQUIRE(trip.lines.endpoint(endpoint).ok());
  REQUIRE(trip.lines.hostname(hostname).ok());
  REQUIRE(trip.lines.outcome({model::Outcome::Kind::kFailed, "t", "w", "r"}).ok());
  REQUIRE(trip.reader.read_all(trip.text).ok());
  REQUIRE(trip.kept.endpoints.size() == 1);
  CHECK(model::endpoint_json(trip.kept.endpoints[0]) == model::endpoint_json(endpoint));
  CHECK_FALSE(trip.kept.endpoints[0].live);
  CHECK(trip.kept.endpoints[0].tls->self_signed);
  REQUIRE(trip.kept.hostnames.size() == 1);
  CHECK(trip.kept.hostnames[0].tie == model::Hostname::Tie::kGuess);
  REQUIRE(trip.kept.hostnames[0].endpoints.size() == 2);
  CHECK_FALSE(trip.kept.hostnames[0].endpoints[0].live);
  CHECK(trip.kept.hostnames[0].endpoints[1].live);
  REQUIRE(trip.kept.outcomes.size() == 1);
  CHECK(trip.kept.outcomes[0].reason == "r");
}

TEST_CASE("fleet/records: what a job came to adds up") {
  Trip trip;
  fleet::JobTotals totals;
  totals.exit_code = 4;
  totals.scan.findings = 3;
  totals.scan.errors["timeout"] = 2;
  totals.http.requests = 10;
  totals.http.timeouts.tls = 1;
  REQUIRE(trip.lines.totals(totals).ok());
  REQUIRE(trip.reader.read_all(trip.text).ok());
  REQUIRE(trip.reader.totals());
  fleet::JobTotals sum;
  for (int i = 0; i < 2; ++i) fleet::add_totals(sum, *trip.reader.totals());
  CHECK(sum.exit_code == 4);
  CHECK(sum.scan.findings == 6);
  CHECK(sum.scan.errors["timeout"] == 4);
  CHECK(sum.http.requests == 20);
  CHECK(sum.http.timeouts.tls == 2);
}

TEST_CASE("fleet/records: lines that are none of ours are told") {
  Kept kept;
  fleet::RecordReader reader(kept, {});
  for (const char* line : {"x", "{}", "[]", "{\"f\":{}}", "{\"of\":9,\"f\":{}}", "{\"q\":1}"}) {
    CAPTURE(line);
    const Status read = reader.read(line);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == ErrorCode::kProtocol);
  }
  CHECK(reader.read("{\"e\":[1,2]}").ok());  // nothing in it that is known
}
