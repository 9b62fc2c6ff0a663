#include "metrics/kpi.h"

#include <limits>

#include <doctest/doctest.h>

#include "metrics/metrics.h"

using namespace m8;
using namespace m8::metrics;
using std::chrono::seconds;

namespace {

const WallTime kNow{seconds(1'000'000)};

Snapshot snapshot(const std::string& text, WallTime at = kNow) {
  const auto parsed = Snapshot::parse(text, at);
  REQUIRE(parsed.ok());
  return *parsed;
}

/// -1 if it has no value, -2 if it is missing.
double value_of(const std::vector<Kpi>& all, std::string_view name, std::string_view of = "") {
  for (const Kpi& kpi : all) {
    if (kpi.name == name && kpi.of == of) return kpi.value.value_or(-1);
  }
  return -2;
}

}  // namespace

TEST_CASE("snapshot: reads back what the registry writes") {
  Registry registry;
  registry.counter(kHostnamesFound, {"a\"b\\c", "x"}).add(3);
  registry.gauge(kDbConnectionsActive).set(2.5);
  registry.histogram(kDbQueryDuration, {"select"}).observe(0.02);
  const Snapshot read = snapshot(registry.exposition());
  CHECK(read.sum("asmm8_hostnames_found_total", {{"domain", "a\"b\\c"}, {"source", "x"}}) == 3);
  CHECK(read.sum("asmm8_hostnames_found_total", {{"source", "y"}}) == 0);
  CHECK(read.sum("num8_db_connections_active") == 2.5);
  CHECK(read.buckets("num8_db_query_duration_seconds").at(.025) == 1);
  CHECK(
      read.json().find(R"("asmm8_hostnames_found_total{domain=\"a\\\"b\\\\c\",source=\"x\"}":3)") !=
      std::string::npos);
}

TEST_CASE("snapshot: lines of other clients") {
  struct Case {
    const char* text;
    double sum;  ///< of x; below 0: an error
  };
  const Case cases[] = {
      {"x 1", 1},
      {"# HELP x y\n# TYPE x counter\nx 2 1700000000000\n", 2},
      {"x{ a = \"1\" , b=\"2\", } 3\r\nx{} 4\n", 7},
      {"x +Inf\nx 1\n", 1},
      {"x NaN\n", 0},
      {"x 1e3\n", 1000},
      {"x{a=\"line\\nend\"} 5\n", 5},
      {"x", -1},
      {"x y\n", -1},
      {"{a=\"b\"} 1\n", -1},
      {"x{a=\"b} 1\n", -1},
      {"x{a=b} 1\n", -1},
      {"x{a=\"b\\", -1},
      {"", 0},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    const auto read = Snapshot::parse(one.text, kNow);
    CHECK(read.ok() == (one.sum >= 0));
    if (read.ok()) CHECK(read->sum("x") == one.sum);
  }
}

TEST_CASE("snapshot: too much is refused") {
  std::string text;
  for (std::size_t i = 0; i <= Snapshot::kMostSeries; ++i) text += "x 1\n";
  CHECK(Snapshot::parse(text, kNow).error().code == ErrorCode::kExhausted);
}

TEST_CASE("kpi: a quantile as histogram_quantile() has it") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(quantile({{1, 0}, {2, 100}, {inf, 100}}, 0.5) == 1.5);
  CHECK(quantile({{1, 50}, {2, 100}, {inf, 100}}, 0.25) == 0.5);
  CHECK(quantile({{1, 50}, {2, 50}, {inf, 100}}, 0.99) == 2);
  CHECK_FALSE(quantile({{1, 0}, {inf, 0}}, 0.5).has_value());
  CHECK_FALSE(quantile({}, 0.5).has_value());
}

TEST_CASE("kpi: the guides' figures of a window") {
  const Snapshot first = snapshot(
      "num8_scans_completed_total{scan_type=\"vuln\",status=\"done\"} 10\n"
      "num8_http_request_duration_seconds_bucket{le=\"0.1\"} 0\n"
      "num8_http_request_duration_seconds_bucket{le=\"+Inf\"} 0\n"
      "process_resident_memory_bytes 1000\n"
      "m8_operations_total{component=\"database\"} 100\n",
      kNow - seconds(60));
  const Snapshot last = snapshot(
      "num8_scans_completed_total{scan_type=\"vuln\",status=\"done\"} 40\n"
      "num8_scans_completed_total{scan_type=\"run\",status=\"done\"} 1\n"
      "num8_http_request_duration_seconds_bucket{le=\"0.1\"} 100\n"
      "num8_http_request_duration_seconds_bucket{le=\"+Inf\"} 100\n"
      "process_resident_memory_bytes 2000\nm8_memory_available_bytes 8000\n"
      "num8_db_connections_active 5\nm8_db_connections_max 25\n"
      "m8_operations_total{component=\"database\"} 200\n"
      "m8_errors_total{component=\"database\",error=\"io\"} 2\n"
      "m8_queue_depth{queue=\"scan\"} 7\n"
      "m8_queue_messages_total{queue=\"scan\",event=\"acked\"} 120\n"
      "asmm8_scan_duration_seconds_sum{scan_type=\"enum\",domain=\"a\"} 30\n"
      "asmm8_scan_duration_seconds_count{scan_type=\"enum\",domain=\"a\"} 3\n"
      "asmm8_hostnames_found_total{domain=\"a\",source=\"b\"} 600\n");
  const auto all = kpis(window_of(&first, last));
  CHECK(value_of(all, "db_pool") == doctest::Approx(0.2));
  CHECK(value_of(all, "http_p50") == doctest::Approx(0.05));
  CHECK(value_of(all, "http_p99") == doctest::Approx(0.099));
  CHECK(value_of(all, "scans_per_minute") == doctest::Approx(30));
  CHECK(value_of(all, "memory") == 2000);
  CHECK(value_of(all, "memory_share") == doctest::Approx(0.25));
  CHECK(value_of(all, "memory_growth") == doctest::Approx(60'000));
  CHECK(value_of(all, "error_rate", "database") == doctest::Approx(0.02));
  CHECK(value_of(all, "queue_depth", "scan") == 7);
  CHECK(value_of(all, "queue_rate", "scan") == doctest::Approx(2));
  CHECK(value_of(all, "avg_scan", "enum") == doctest::Approx(10));
  CHECK(value_of(all, "db_p95") == -1);
  CHECK(value_of(all, "hostnames_per_second") == doctest::Approx(10));
}

TEST_CASE("kpi: several processes, and one that was begun anew") {
  const auto of = [](int count, int age) {
    return snapshot("asmm8_hostnames_found_total{domain=\"a\"} " + std::to_string(count) + "\n",
                    kNow - seconds(age));
  };
  // The first grew by 5 within the window, the second began in it, the third ended before it.
  const std::vector<std::vector<Snapshot>> processes = {
      {of(10, 200), of(15, 50)}, {of(7, 60), of(20, 0)}, {of(99, 500)}};
  const Window window = window_of(processes, kNow - seconds(100));
  CHECK(window.change.sum("asmm8_hostnames_found_total") == 25);
  CHECK(window.seconds == 100);
  Snapshot grown;
  const Snapshot large = of(50, 10), small = of(3, 0);
  grown.add_growth(&large, small);
  CHECK(grown.sum("asmm8_hostnames_found_total") == 3);
}

TEST_CASE("kpi: a clock that was set back between two moments gives no rates, not wrong ones") {
  const std::string page = "asmm8_hostnames_found_total{domain=\"a\"} ";
  const Snapshot first = snapshot(page + "5\nprocess_resident_memory_bytes 9\n", kNow);
  const Snapshot last =
      snapshot(page + "15\nprocess_resident_memory_bytes 99\n", kNow - seconds(60));
  const Window window = window_of(&first, last);
  CHECK(window.change.sum("asmm8_hostnames_found_total") == 10);
  CHECK(value_of(kpis(window), "hostnames_per_second") == -1);
  CHECK(value_of(kpis(window), "memory_growth") == 0);
}

TEST_CASE("kpi: what is kept of an exposition gives the same figures") {
  Registry registry;
  registry.counter(kHostnamesFound, {"a", "b"}).add(6);
  registry.counter(kFindings).add(9);
  registry.gauge(kQueueDepth, {"scan"}).set(7);
  registry.histogram(kDbOperationDuration, {"x"}).observe(0.3);
  const std::string text = registry.exposition(), lines = kpi_lines(text);
  CHECK(lines.find("m8_findings_total") == std::string::npos);
  CHECK(lines.size() < text.size());
  const auto whole = kpis(window_of(nullptr, snapshot(text)));
  const auto kept = kpis(window_of(nullptr, snapshot(lines)));
  for (const char* name : {"db_p95", "hostnames_per_second"})
    CHECK(value_of(whole, name) == value_of(kept, name));
  CHECK(value_of(kept, "queue_depth", "scan") == 7);
}
