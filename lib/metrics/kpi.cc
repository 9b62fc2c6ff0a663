#include "metrics/kpi.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "metrics/table.h"

namespace m8::metrics {
namespace {

std::string_view name_of(const auto& metric) { return metric.definition.name; }

double seconds_between(WallTime from, WallTime to) {
  return std::chrono::duration<double>(to - from).count();
}

double resident(const Snapshot& snapshot) { return snapshot.sum(name_of(kResident)); }

/// \p part / \p whole, or nothing if there is no whole.
std::optional<double> share(double part, double whole) {
  if (whole <= 0) return std::nullopt;
  return part / whole;
}

void add_error_rates(const Window& window, std::vector<Kpi>& out) {
  const auto errors = window.change.sums_by(name_of(kErrors), "component");
  for (const auto& [component, all] : window.change.sums_by(name_of(kOperations), "component")) {
    const auto found = errors.find(component);
    out.push_back(
        {"error_rate", component, "ratio", share(found == errors.end() ? 0 : found->second, all)});
  }
}

void add_queues(const Window& window, std::vector<Kpi>& out) {
  for (const auto& [queue, depth] : window.now.sums_by(name_of(kQueueDepth), "queue"))
    out.push_back({"queue_depth", queue, "messages", depth});
  std::map<std::string, double> settled;
  window.change.each(name_of(kQueueMessages), [&](const SeriesName& series, double count) {
    const auto event = series.label("event");
    if (event == "acked" || event == "rejected")
      settled[std::string(series.label("queue"))] += count;
  });
  for (const auto& [queue, count] : settled)
    out.push_back({"queue_rate", queue, "1/second", share(count, window.seconds)});
}

void add_scan_times(const Window& window, std::vector<Kpi>& out) {
  for (const auto name : {name_of(kEnumDuration), name_of(kScanDuration)}) {
    const std::string base(name);
    const auto sums = window.change.sums_by(base + "_sum", "scan_type");
    for (const auto& [type, count] : window.change.sums_by(base + "_count", "scan_type")) {
      const auto found = sums.find(type);
      if (count > 0 && found != sums.end())
        out.push_back({"avg_scan", type, "seconds", found->second / count});
    }
  }
}

/// Scans of targets and domains; the runs of several targets are not counted besides.
double scans(const Window& window) {
  double all = 0;
  window.change.each(name_of(kScansCompleted), [&](const SeriesName& series, double count) {
    if (series.label("scan_type") != "run") all += count;
  });
  return all;
}

}  // namespace

Window window_of(const Snapshot* first, const Snapshot& last) {
  Window window;
  window.now = last;
  window.change.add_growth(first, last);
  const double started = last.sum(name_of(kStarted));
  const double now = std::chrono::duration<double>(last.at().time_since_epoch()).count();
  window.seconds = first ? seconds_between(first->at(), last.at())
                         : (started > 0 ? std::max(0.0, now - started) : 0);
  if (first && window.seconds > 0)
    window.memory_growth = (resident(last) - resident(*first)) / window.seconds * 3600;
  return window;
}

Window window_of(const std::vector<std::vector<Snapshot>>& processes, WallTime since) {
  Window window;
  for (const auto& moments : processes) {
    const Snapshot* base = nullptr;
    for (const Snapshot& moment : moments) {
      if (moment.at() < since) base = &moment;
    }
    const Snapshot& last = moments.back();
    if (last.at() < since) continue;
    window.change.add_growth(base, last);
    if (window.now.size() > 0 && last.at() < window.now.at()) continue;
    window.now = last;
    const Window own = window_of(moments.size() > 1 ? &moments.front() : nullptr, last);
    window.memory_growth = own.memory_growth;
  }
  if (window.now.size() > 0) window.seconds = seconds_between(since, window.now.at());
  return window;
}

std::optional<double> quantile(const std::map<double, double>& buckets, double q) {
  if (buckets.empty() || buckets.rbegin()->second <= 0) return std::nullopt;
  const double rank = q * buckets.rbegin()->second;
  double below = 0, lower = 0;
  for (const auto& [upper, count] : buckets) {
    if (count >= rank && count > below) {
      if (std::isinf(upper)) return lower;  // beyond the last bound nothing is known
      return lower + (upper - lower) * (rank - below) / (count - below);
    }
    below = count;
    lower = upper;
  }
  return lower;
}

std::vector<Kpi> kpis(const Window& window) {
  const Snapshot& now = window.now;
  const auto http = window.change.buckets(name_of(kHttpRequestDuration));
  const double memory = resident(now);
  const auto per_second = [&](double count) { return share(count, window.seconds); };
  auto per_minute = per_second(scans(window));
  if (per_minute) *per_minute *= 60;
  std::vector<Kpi> out = {
      {"db_pool", "", "ratio",
       share(now.sum(name_of(kDbConnectionsActive)), now.sum(name_of(kDbConnectionsMax)))},
      {"http_p50", "", "seconds", quantile(http, 0.5)},
      {"http_p95", "", "seconds", quantile(http, 0.95)},
      {"http_p99", "", "seconds", quantile(http, 0.99)},
      {"scans_per_minute", "", "1/minute", per_minute},
      {"memory", "", "bytes", memory > 0 ? std::optional(memory) : std::nullopt},
      {"memory_share", "", "ratio", share(memory, now.sum(name_of(kMemoryAvailable)))},
      {"memory_growth", "", "bytes/hour",
       memory > 0 ? std::optional(window.memory_growth) : std::nullopt},
  };
  add_error_rates(window, out);
  add_queues(window, out);
  add_scan_times(window, out);
  out.push_back({"db_p95", "", "seconds",
                 quantile(window.change.buckets(name_of(kDbOperationDuration)), 0.95)});
  out.push_back({"hostnames_per_second", "", "1/second",
                 per_second(window.change.sum(name_of(kHostnamesFound)))});
  return out;
}

std::string kpi_lines(std::string_view exposition) {
  const std::string_view wanted[] = {
      name_of(kDbConnectionsActive),
      name_of(kDbConnectionsMax),
      name_of(kHttpRequestDuration),
      name_of(kScansCompleted),
      name_of(kResident),
      name_of(kMemoryAvailable),
      name_of(kErrors),
      name_of(kOperations),
      name_of(kQueueDepth),
      name_of(kQueueMessages),
      name_of(kEnumDuration),
      name_of(kScanDuration),
      name_of(kDbOperationDuration),
      name_of(kHostnamesFound),
      name_of(kStarted),
  };
  std::string out;
  std::string_view zero;  // the last empty bucket: where the first one that is not begins
  while (!exposition.empty()) {
    const std::size_t end = std::min(exposition.find('\n'), exposition.size());
    const std::string_view line = exposition.substr(0, end);
    exposition.remove_prefix(std::min(end + 1, exposition.size()));
    const bool is_wanted = std::any_of(std::begin(wanted), std::end(wanted),
                                       [&](auto name) { return line.starts_with(name); });
    const bool is_zero = line.ends_with(" 0"), is_bucket = line.find("_bucket{") != line.npos;
    if (is_wanted && !is_zero) {
      if (is_bucket && !zero.empty()) out.append(zero).append("\n");
      out.append(line).append("\n");
    }
    zero = is_bucket && is_zero ? line : std::string_view();
  }
  return out;
}

}  // namespace m8::metrics
