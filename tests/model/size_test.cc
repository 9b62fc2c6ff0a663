#include "model/size.h"

#include <doctest/doctest.h>

using namespace m8::model;

TEST_CASE("model/size: a record costs itself and its texts") {
  const std::string text(1000, 'x');
  Hostname hostname;
  CHECK(bytes_of(hostname) == sizeof hostname);
  hostname.cname = {text, text};
  CHECK(bytes_of(hostname) >= sizeof hostname + 2000);
  CHECK(bytes_of(hostname) < sizeof hostname + 2200);
  Finding finding;
  finding.request = finding.response = text;
  finding.meta = {{"name", text}};
  CHECK(bytes_of(finding) >= sizeof finding + 3000);
  CHECK(bytes_of(finding) < sizeof finding + 3200);
  Endpoint endpoint;
  endpoint.title = text;
  CHECK(bytes_of(endpoint) >= sizeof endpoint + 1000);
  Issue issue;
  issue.event = text;
  CHECK(bytes_of(issue) >= sizeof issue + 1000);
  Outcome outcome;
  outcome.reason = text;
  CHECK(bytes_of(outcome) >= sizeof outcome + 1000);
}
