#include "bench/bench.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/temp_file.h"
#include "bench/registry.h"
#include "cli/flag_values.h"

using namespace m8;
using namespace m8::bench;
using namespace std::chrono_literals;

namespace {

Series series(std::vector<double> values) {
  Series out;
  for (const double value : values) out.add(value);
  return out;
}

const std::vector<cli::Flag> kNoFlags;

struct NoFlags : cli::FlagValues {
  NoFlags() : cli::FlagValues(kNoFlags) {}
};

Context context_with(const NoFlags& flags, int repeats, std::stop_token stop = {}) {
  return {flags,  repeats,      "/bin:/usr/bin",         "/nonexistent",
          "/tmp", [](auto&) {}, SystemClock::instance(), std::move(stop)};
}

}  // namespace

TEST_CASE("bench/bench: a series knows median, range and spread") {
  CHECK(series({}).median() == 0);
  CHECK(series({5}).median() == 5);
  CHECK(series({9, 1, 5}).median() == 5);
  CHECK(series({1, 2, 3, 10}).median() == 2.5);
  CHECK(series({9, 1, 5}).min() == 1);
  CHECK(series({9, 1, 5}).max() == 9);
  CHECK(series({9, 1, 5}).spread() == doctest::Approx(1.6));
}

TEST_CASE("bench/bench: a bar on the ratio needs a peer, a bar on ours does not") {
  const struct {
    Bar bar;
    std::vector<double> ours, peer;
    bool passed;
  } table[] = {
      {Bar::ratio_at_least(0.4), {40}, {100}, true}, {Bar::ratio_at_least(0.4), {39}, {100}, false},
      {Bar::ratio_at_most(1), {100}, {100}, true},   {Bar::ratio_at_most(1), {101}, {100}, false},
      {Bar::ratio_at_least(0.4), {40}, {}, false},   {Bar::at_most(150), {149}, {}, true},
      {Bar::at_least(50), {49}, {}, false},          {Bar::at_least(50), {}, {}, false},
  };
  for (const auto& line : table) {
    Row row;
    row.ours = series(line.ours);
    row.peer = series(line.peer);
    row.bar = line.bar;
    CAPTURE(line.bar.to_string());
    CHECK(row.passed() == std::optional(line.passed));
  }
  CHECK(!Row{}.passed());
}

TEST_CASE("bench/bench: the report as JSON and as text says the same") {
  Report report("demo");
  Row& row = report.row("throughput", "names/s", Bar::ratio_at_least(1));
  row.ours = series({150, 200, 250});
  row.peer_name = "dnsperf";
  row.peer = series({400});
  report.note("all answers checked");

  const auto parsed = json::parse(report.to_json());
  REQUIRE(parsed.ok());
  CHECK(parsed->string_at("workload") == "demo");
  CHECK(!parsed->find("passed")->as_bool(true));
  const auto& first = parsed->find("rows")->items().at(0);
  CHECK(first.find("ours")->find("median")->as_double() == 200);
  CHECK(first.find("ours")->find("values")->items().size() == 3);
  CHECK(first.find("ratio")->as_double() == 0.5);
  CHECK(first.string_at("bar") == "ratio >= 1");
  CHECK(!report.passed());

  const std::string text = report.to_text();
  for (const char* part :
       {"200 names/s", "150..250", "dnsperf 400", "0.50", "MISSED", "all answers checked"}) {
    CAPTURE(text);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("bench/bench: ours and the peer run in turn") {
  const NoFlags flags;
  std::string order;
  const auto step = [&](char name) {
    return [&order, name]() -> Status {
      order += name;
      return {};
    };
  };
  REQUIRE(alternate(context_with(flags, 3), step('o'), step('p')).ok());
  CHECK(order == "opopop");

  std::stop_source stop;
  stop.request_stop();
  const Status stopped = alternate(context_with(flags, 3, stop.get_token()), step('o'), nullptr);
  REQUIRE(!stopped.ok());
  CHECK(stopped.error().code == ErrorCode::kCancelled);
}

TEST_CASE("bench/bench: a failing program is named with its last words") {
  const NoFlags flags;
  const auto directory = TempDirectory::create("/tmp");
  REQUIRE(directory.ok());
  const ChildOptions options{{"sh", "-c", "echo one >&2; echo disk on fire >&2; exit 3"},
                             {},
                             {},
                             ChildStream::file(directory->path() + "/errors")};
  const auto usage = run_checked(context_with(flags, 1), options, 10s);
  REQUIRE(!usage.ok());
  CHECK(usage.error().message == "sh: exit code 3 disk on fire");
}

TEST_CASE("bench/bench: a server that ends before it is ready is an error, not a wait") {
  const NoFlags flags;
  const Context context = context_with(flags, 1);
  auto server = Child::start({{"true"}, {}, {}, {}}, context.clock);
  REQUIRE(server.ok());
  const Status ready = wait_for_file(context, "/nonexistent/ready", *server, 10s);
  REQUIRE(!ready.ok());
  CHECK(ready.error().code == ErrorCode::kInternal);
}

TEST_CASE("bench/registry: names are unique and said in one line") {
  std::vector<std::string> names;
  for (const Workload* workload : workloads()) {
    CHECK((workload->run != nullptr));
    CHECK(std::string(workload->brief).find('\n') == std::string::npos);
    names.push_back(workload->name);
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}
