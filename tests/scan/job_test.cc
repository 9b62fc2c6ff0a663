#include "scan/job.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::scan;

TEST_CASE("scan/job: a line has the guide's fields in a fixed order") {
  JobResult job;
  job.id = 7;
  job.endpoint = "http://a.test";
  job.findings = 2;
  job.executions = 3;
  job.skipped = 1;
  job.error = "host is unresponsive";
  job.duration = std::chrono::microseconds(1500);
  job.worker = 4;
  job.ended = WallTime(std::chrono::seconds(1'700'000'000));
  CHECK(job_line(job) ==
        "{\"job\":7,\"endpoint\":\"http://a.test\",\"output\":{\"findings\":2,\"executions\":3,"
        "\"skipped\":1},\"error\":\"host is unresponsive\",\"duration_ms\":1.5,\"worker\":4,"
        "\"timestamp\":\"2023-11-14T22:13:20.000Z\"}\n");
  CHECK(bytes_of(job) == sizeof job + job.endpoint.size() + job.error.size());
}

TEST_CASE("scan/job: places are the lowest free numbers") {
  Places places;
  CHECK(places.take() == 0);
  CHECK(places.take() == 1);
  CHECK(places.take() == 2);
  places.give_back(1);
  places.give_back(0);
  CHECK(places.take() == 0);
  CHECK(places.take() == 1);
  CHECK(places.take() == 3);
}
