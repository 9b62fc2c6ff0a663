#include "fleet/cut.h"

#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace m8;
using fleet::CutOptions;
using fleet::Job;

namespace {

std::vector<Job> cut_all(CutOptions options, std::vector<fleet::CutLine> lines) {
  std::size_t at = 0;
  fleet::Cut cut(options, {}, [&](std::stop_token) -> Result<std::optional<fleet::CutLine>> {
    if (at == lines.size()) return std::optional<fleet::CutLine>();
    return std::optional(lines[at++]);
  });
  std::vector<Job> jobs;
  for (;;) {
    auto next = cut.next({});
    REQUIRE(next.ok());
    if (next->end) return jobs;
    if (next->job) jobs.push_back(std::move(*next->job));
  }
}

std::vector<fleet::CutLine> hosts(int count) {
  std::vector<fleet::CutLine> lines;
  for (int i = 0; i < count; ++i)
    lines.push_back({fmt::format("http://h{}/", i), fmt::format("h{}", i)});
  return lines;
}

}  // namespace

TEST_CASE("fleet/cut: every line is in one job, and jobs are numbered from 0") {
  const auto jobs = cut_all({.slots = 8}, hosts(1000));
  std::set<std::string> seen;
  std::size_t lines = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    CHECK(jobs[i].key.number == static_cast<std::int64_t>(i));
    CHECK(jobs[i].hosts.size() == jobs[i].input.size());
    lines += jobs[i].input.size();
    seen.insert(jobs[i].input.begin(), jobs[i].input.end());
  }
  CHECK(lines == 1000);
  CHECK(seen.size() == 1000);
  CHECK(jobs.size() >= 32);
}

TEST_CASE("fleet/cut: lines of a host go together") {
  std::vector<fleet::CutLine> lines;
  for (int i = 0; i < 300; ++i)
    lines.push_back({fmt::format("http://h{}/{}", i % 10, i), fmt::format("h{}", i % 10)});
  const auto jobs = cut_all({.slots = 2, .at_once = 1, .slices = false}, lines);
  std::multiset<std::int64_t> hosts_of_jobs;
  for (const Job& job : jobs) hosts_of_jobs.insert(job.hosts.begin(), job.hosts.end());
  CHECK(hosts_of_jobs.size() == 10);
  const auto ordered =
      cut_all({.slots = 2, .at_once = 1, .keep_order = true, .slices = false}, lines);
  std::vector<std::string> flat;
  for (const Job& job : ordered) flat.insert(flat.end(), job.input.begin(), job.input.end());
  REQUIRE(flat.size() == 300);
  for (std::size_t i = 0; i < flat.size(); ++i) CHECK(flat[i] == lines[i].line);
}

TEST_CASE("fleet/cut: no job is expected to take longer than five minutes") {
  for (const double seconds : {0.01, 1.0, 30.0, 500.0, 3600.0}) {
    for (const std::size_t known : {1u, 10u, 10'000u}) {
      CutOptions options{.slots = 4, .at_once = 25, .seconds = seconds};
      const auto plan = fleet::plan_cut(options, known);
      CAPTURE(seconds);
      CAPTURE(known);
      const double rounds = std::ceil(double(plan.lines) / options.at_once);
      CHECK(rounds * seconds / plan.slices <= 300.5);
    }
  }
}

TEST_CASE("fleet/cut: the lines of a host are divided where one job would take too long") {
  std::vector<fleet::CutLine> lines;
  for (int i = 0; i < 1000; ++i) lines.push_back({fmt::format("http://h/{}", i), "h"});
  for (const bool slices : {false, true}) {
    const auto jobs = cut_all({.slots = 1, .at_once = 10, .seconds = 60, .slices = slices}, lines);
    std::set<std::string> seen;
    for (const Job& job : jobs) {
      CHECK(job.seconds <= 300);
      seen.insert(job.input.begin(), job.input.end());
    }
    CHECK(seen.size() == 1000);
    CHECK(jobs.size() >= 20);
  }
}

TEST_CASE("fleet/cut: a rate makes jobs smaller that can not be divided") {
  const CutOptions options{
      .slots = 2, .at_once = 25, .seconds = 1, .rate_seconds = 100, .slices = false};
  CHECK(fleet::plan_cut(options, 1000).lines == 3);
  for (const Job& job : cut_all(options, hosts(100))) CHECK(job.seconds <= 300);
}

TEST_CASE("fleet/cut: what can not be done in five minutes is refused in words") {
  CutOptions options{.seconds = 301, .slices = false};
  const Status refused = fleet::check_cut(options, "do otherwise");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kInvalidArgument);
  CHECK(refused.error().message ==
        "--distributed: a job would take 6 minutes, and may take 5: do otherwise");
  options.slices = true;
  CHECK(fleet::check_cut(options, "").ok());
  options.seconds = 299;
  options.slices = false;
  CHECK(fleet::check_cut(options, "").ok());
  options.rate_seconds = 400;
  CHECK_FALSE(fleet::check_cut(options, "").ok());
}

TEST_CASE("fleet/cut: a job has whole rounds of what is done at once") {
  CHECK(fleet::plan_cut({.slots = 2, .at_once = 5, .seconds = 3}, 100).lines == 10);
  CHECK(fleet::plan_cut({.slots = 8, .at_once = 5, .seconds = 3}, 100).lines == 5);
  CHECK(fleet::plan_cut({.slots = 8, .at_once = 25, .seconds = 0.1}, 2000).lines == 50);
}

TEST_CASE("fleet/cut: few long targets are divided, and many short ones are not") {
  const auto few = cut_all({.slots = 8, .at_once = 5, .seconds = 2}, hosts(100));
  CHECK(few.size() >= 32);
  CHECK(few[0].input.size() == 5);
  CHECK(few[0].arguments.back() == "--slice=1/2");
  CHECK(few[1].arguments.back() == "--slice=2/2");
  CHECK(few[0].hosts == few[1].hosts);
  const auto many = cut_all({.slots = 2, .at_once = 25, .seconds = 0.1}, hosts(500));
  CHECK(many[0].arguments.empty());
}

TEST_CASE("fleet/cut: an error of the input is told after what was read") {
  int given = 0;
  fleet::Cut cut({.slices = false}, {},
                 [&](std::stop_token) -> Result<std::optional<fleet::CutLine>> {
                   if (given++ < 3) return std::optional(fleet::CutLine{"x", "x"});
                   return Error{ErrorCode::kIo, "gone"};
                 });
  std::size_t lines = 0;
  for (;;) {
    const auto next = cut.next({});
    if (!next.ok()) {
      CHECK(next.error().message == "gone");
      break;
    }
    REQUIRE_FALSE(next->end);
    if (next->job) lines += next->job->input.size();
  }
  CHECK(lines == 3);
}
