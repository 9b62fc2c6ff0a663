#include "metrics/metrics.h"

#include <cstdlib>
#include <set>
#include <thread>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/file.h"
#include "metrics/process_metrics.h"

using namespace m8::metrics;

namespace {

std::size_t lines_with(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
  return count;
}

bool holds(const std::string& text, std::string_view line) { return text.find(line) != text.npos; }

}  // namespace

TEST_CASE("metrics: the guides' names, kinds, labels, help and buckets") {
  struct Guide {
    const char* name;
    Kind kind;
    std::vector<std::string_view> labels;
    const char* help;
    std::vector<double> buckets;
  };
  const std::vector<double> defaults{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
  const Guide guides[] = {
      {"num8_db_connections_active", Kind::kGauge, {}, "Number of active database connections", {}},
      {"num8_db_connections_idle", Kind::kGauge, {}, "Number of idle database connections", {}},
      {"num8_db_query_duration_seconds",
       Kind::kHistogram,
       {"query_type"},
       "Database query execution time",
       defaults},
      {"num8_http_request_duration_seconds",
       Kind::kHistogram,
       {"method", "endpoint", "status"},
       "HTTP request execution time",
       defaults},
      {"num8_scan_duration_seconds",
       Kind::kHistogram,
       {"scan_type", "target_type"},
       "Scan execution time",
       {1, 5, 10, 30, 60, 120, 300, 600, 1800}},
      {"num8_scans_completed_total",
       Kind::kCounter,
       {"scan_type", "status"},
       "Total number of completed scans",
       {}},
      {"num8_memory_usage_bytes", Kind::kGauge, {"component"}, "Memory usage by component", {}},
      {"num8_goroutines_active", Kind::kGauge, {}, "Number of active goroutines", {}},
      {"asmm8_scan_duration_seconds",
       Kind::kHistogram,
       {"scan_type", "domain"},
       "Duration of scanning operations",
       defaults},
      {"asmm8_hostnames_found_total",
       Kind::kCounter,
       {"domain", "source"},
       "Total number of hostnames found",
       {}},
      {"asmm8_db_operation_duration_seconds",
       Kind::kHistogram,
       {"operation"},
       "Duration of database operations",
       defaults},
  };
  for (const Guide& guide : guides) {
    CAPTURE(guide.name);
    const Row* row = find_metric(guide.name);
    REQUIRE(row != nullptr);
    CHECK(row->kind == guide.kind);
    CHECK(row->definition->help == guide.help);
    for (std::size_t i = 0; i < kMostLabels; ++i)
      CHECK(row->definition->labels[i] == (i < guide.labels.size() ? guide.labels[i] : ""));
    CHECK(std::vector<double>(row->definition->buckets.begin(), row->definition->buckets.end()) ==
          guide.buckets);
  }
  CHECK(find_metric("num8_nothing") == nullptr);
}

TEST_CASE("metrics/table: every name once, every histogram with its buckets") {
  std::set<std::string_view> names;
  for (const Row& row : table()) {
    CAPTURE(row.definition->name);
    CHECK(names.insert(row.definition->name).second);
    CHECK((row.kind == Kind::kCounter) == row.definition->name.ends_with("_total"));
    CHECK((row.kind == Kind::kHistogram) == !row.definition->buckets.empty());
    CHECK(row.definition->buckets.size() <= kMostBuckets);
    CHECK(!row.definition->help.empty());
  }
}

TEST_CASE("metrics: what a scrape reads") {
  Registry registry;
  registry.counter(kScansCompleted, {"full", "done"}).add(3);
  registry.counter(kDbWaitTime).add(1'500'000'000);
  registry.gauge(kDbConnectionsActive).set(2);
  auto& took = registry.histogram(kScanDuration, {"full", "host"});
  took.observe(1);  // a bound belongs to its bucket
  took.observe(std::chrono::milliseconds(7'500));
  took.observe(5'000);
  const std::string text = registry.exposition();
  CHECK(holds(text,
              "# HELP num8_scans_completed_total Total number of completed scans\n"
              "# TYPE num8_scans_completed_total counter\n"
              "num8_scans_completed_total{scan_type=\"full\",status=\"done\"} 3\n"));
  CHECK(holds(text, "\nm8_db_wait_seconds_total 1.5\n"));
  CHECK(holds(text, "\nnum8_db_connections_active 2\n"));
  const std::string bucket =
      "num8_scan_duration_seconds_bucket{scan_type=\"full\",target_type=\"host\",";
  CHECK(
      holds(text, bucket + "le=\"1\"} 1\n" + bucket + "le=\"5\"} 1\n" + bucket + "le=\"10\"} 2\n"));
  CHECK(holds(text, bucket + "le=\"1800\"} 2\n" + bucket + "le=\"+Inf\"} 3\n"));
  CHECK(holds(text,
              "num8_scan_duration_seconds_sum{scan_type=\"full\",target_type=\"host\"} 5008.5\n"
              "num8_scan_duration_seconds_count{scan_type=\"full\",target_type=\"host\"} 3\n"));
}

TEST_CASE("metrics: the same labels are the same series") {
  Registry registry;
  auto& one = registry.counter(kHostnamesFound, {"example.com", "crtsh"});
  CHECK(&one == &registry.counter(kHostnamesFound, {"example.com", "crtsh"}));
  CHECK(&one != &registry.counter(kHostnamesFound, {"example.com", "wayback"}));
}

TEST_CASE("metrics: a million hostile names make no more series than there may be") {
  Registry registry;
  for (int i = 0; i < 1'000'000; ++i) {
    registry.counter(kHostnamesFound, {fmt::format("h{}.example", i), i % 2 ? "a" : "b"}).add();
  }
  const std::string text = registry.exposition();
  CHECK(lines_with(text, "\nasmm8_hostnames_found_total{") <= Registry::kMostSeries + 1);
  CHECK(holds(text, "{domain=\"h0.example\",source=\"b\"} 1\n"));
  CHECK(holds(text, "{domain=\"other\",source=\"a\"} 499900\n"));
}

TEST_CASE("metrics: many values of two labels are bounded together") {
  Registry registry;
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < 100; ++j) {
      registry.counter(kHostnamesFound, {std::to_string(i), std::to_string(j)}).add();
    }
  }
  const std::string text = registry.exposition();
  CHECK(lines_with(text, "\nasmm8_hostnames_found_total{") == Registry::kMostSeries + 1);
  CHECK(holds(text, "{domain=\"other\",source=\"other\"} 9000\n"));
}

TEST_CASE("metrics: hostile label values can't break a line") {
  Registry registry;
  registry.counter(kHostnamesFound, {"a\"} 1\nx\\", std::string(5'000, 'y')}).add();
  registry.counter(kHostnamesFound, {"\xff\xfe"}).add();
  const std::string text = registry.exposition();
  CHECK(holds(text, "{domain=\"a\\\"} 1_x\\\\\",source=\"" +
                        std::string(Registry::kMostBytes, 'y') + "\"} 1\n"));
  CHECK(holds(text, "{domain=\"__\",source=\"\"} 1\n"));
}

TEST_CASE("metrics: threads lose no count") {
  Registry registry;
  auto& counter = registry.counter(kFindings);
  auto& histogram = registry.histogram(kDbQueryDuration, {"x"});
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50'000; ++i) {
          counter.add();
          histogram.observe(0.5);
        }
      });
    }
  }
  CHECK(counter.value() == 200'000);
  CHECK(histogram.sum() == 100'000);
}

TEST_CASE("metrics: a sampler is asked before a scrape, and not once it is gone") {
  Registry registry;
  int asked = 0;
  {
    auto sampling = registry.sample([&] { registry.gauge(kTasks).set(++asked); });
    const auto moved = std::move(sampling);
    CHECK(holds(registry.exposition(), "\nm8_tasks_active 1\n"));
    CHECK(holds(registry.exposition(), "\nm8_tasks_active 2\n"));
  }
  registry.exposition();
  CHECK(asked == 2);
}

TEST_CASE("metrics: a sampled total never falls") {
  Counter counter;
  counter.raise_to(7);
  counter.raise_to(5);
  CHECK(counter.value() == 7);
}

TEST_CASE("metrics: the process as it is") {
  Registry registry;
  sample_process(registry, "test", 1u << 20);
  const std::string text = registry.exposition();
  CHECK(holds(text, "\nm8_memory_available_bytes 1048576\n"));
  CHECK(holds(text, "m8_build_info{program=\"test\",version=\""));
  CHECK(registry.gauge(kMemoryUsage, {"resident"}).value() > 1e6);
  CHECK(registry.gauge(kThreads).value() >= 1);
  CHECK(registry.gauge(kStarted).value() > 1.7e9);
  CHECK(registry.gauge(kOpenFiles).value() >= 3);
  CHECK(available_memory(0) > 1u << 20);
}

TEST_CASE("metrics/table: every constant of the header is a row") {
  const char* source = std::getenv("M8_SOURCE_DIR");
  REQUIRE(source != nullptr);
  const auto header = m8::read_file(std::string(source) + "/lib/metrics/table.h");
  REQUIRE(header.ok());
  CHECK(lines_with(*header, "inline constexpr CounterMetric k") +
            lines_with(*header, "inline constexpr GaugeMetric k") +
            lines_with(*header, "inline constexpr HistogramMetric k") ==
        table().size());
}
