#include "metrics/metrics.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace m8::metrics {
namespace {

constexpr std::string_view kOther = "other";

/// What a label's value looks like in the exposition, without quotes.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, Registry::kMostBytes)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c >= ' ' && c <= '~' ? c : '_';
  }
  return out;
}

std::size_t count_labels(const Definition& definition) {
  const auto& labels = definition.labels;
  return static_cast<std::size_t>(std::find(labels.begin(), labels.end(), "") - labels.begin());
}

void put(std::string& out, double value) { fmt::format_to(std::back_inserter(out), "{}\n", value); }

void put(std::string& out, std::uint64_t value) {
  fmt::format_to(std::back_inserter(out), "{}\n", value);
}

/// NAME or NAME{LABELS}, and a space.
void put_name(std::string& out, std::string_view name, std::string_view suffix,
              std::string_view labels) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out += ' ';
}

void write(std::string& out, const Definition& of, std::string_view labels, const Counter& cell) {
  put_name(out, of.name, "", labels);
  if (of.unit == 1) return put(out, cell.value());
  put(out, static_cast<double>(cell.value()) * of.unit);
}

void write(std::string& out, const Definition& of, std::string_view labels, const Gauge& cell) {
  put_name(out, of.name, "", labels);
  put(out, cell.value());
}

void write(std::string& out, const Definition& of, std::string_view labels, const Histogram& cell) {
  const std::string_view comma = labels.empty() ? "" : ",";
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < cell.bounds().size(); ++i) {
    below += cell.count_in(i);
    fmt::format_to(std::back_inserter(out), "{}_bucket{{{}{}le=\"{}\"}} {}\n", of.name, labels,
                   comma, cell.bounds()[i], below);
  }
  below += cell.count_in(cell.bounds().size());
  fmt::format_to(std::back_inserter(out), "{}_bucket{{{}{}le=\"+Inf\"}} {}\n", of.name, labels,
                 comma, below);
  put_name(out, of.name, "_sum", labels);
  put(out, cell.sum());
  put_name(out, of.name, "_count", labels);
  put(out, below);
}

template <typename Cell>
constexpr Kind kKind = Kind::kCounter;
template <>
constexpr Kind kKind<Gauge> = Kind::kGauge;
template <>
constexpr Kind kKind<Histogram> = Kind::kHistogram;

template <typename Cell>
std::unique_ptr<Cell> make_cell(const Definition&) {
  return std::make_unique<Cell>();
}
template <>
std::unique_ptr<Histogram> make_cell<Histogram>(const Definition& definition) {
  return std::make_unique<Histogram>(
      definition.buckets.first(std::min(definition.buckets.size(), kMostBuckets)));
}

}  // namespace

void Counter::raise_to(std::uint64_t total) {
  std::uint64_t now = value_.load(std::memory_order_relaxed);
  while (now < total && !value_.compare_exchange_weak(now, total, std::memory_order_relaxed)) {
  }
}

void Histogram::observe(double value) {
  std::size_t i = 0;
  while (i < bounds_.size() && value > bounds_[i]) ++i;
  counts_[i].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

/// A metric with its series. Ordered maps: they need no seed against hostile labels.
struct Registry::Family {
  Family(const Definition& of, Kind of_kind) : definition(of), kind(of_kind) {}
  virtual ~Family() = default;
  virtual void write_series(std::string& out) const = 0;
  virtual bool full(const std::string& labels) const = 0;

  /// The labels of a series in the exposition, bounded.
  std::string labels_of(Labels given) {
    std::array<std::string, kMostLabels> texts;
    const std::size_t n = count_labels(definition);
    auto next = given.begin();
    for (std::size_t i = 0; i < n; ++i) {
      texts[i] = next == given.end() ? std::string() : escaped(*next++);
      if (!admit(i, texts[i])) texts[i] = kOther;
    }
    std::string labels = join(texts, n);
    if (!full(labels)) return labels;
    std::fill_n(texts.begin(), n, std::string(kOther));
    return join(texts, n);
  }

  const Definition& definition;
  const Kind kind;

 private:
  bool admit(std::size_t i, const std::string& value) {
    if (values_[i].size() < kMostValues) values_[i].insert(value);
    return values_[i].contains(value);
  }
  std::string join(std::span<const std::string> texts, std::size_t n) const {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
      fmt::format_to(std::back_inserter(out), "{}{}=\"{}\"", i == 0 ? "" : ",",
                     definition.labels[i], texts[i]);
    }
    return out;
  }

  std::array<std::set<std::string>, kMostLabels> values_;
};

template <typename Cell>
struct Registry::FamilyOf final : Family {
  explicit FamilyOf(const Definition& of) : Family(of, kKind<Cell>) {}
  void write_series(std::string& out) const override {
    for (const auto& [labels, cell] : series) write(out, definition, labels, *cell);
  }
  bool full(const std::string& labels) const override {
    return series.size() >= kMostSeries && !series.contains(labels);
  }
  Cell& get(Labels given) {
    auto& cell = series[labels_of(given)];
    if (!cell) cell = make_cell<Cell>(definition);
    return *cell;
  }

  std::map<std::string, std::unique_ptr<Cell>> series;
};

Registry::Registry() = default;
Registry::~Registry() = default;

Registry& Registry::process() {
  // Never destroyed: threads may count until the last moment.
  static Registry& registry = *new Registry;
  return registry;
}

template <typename Cell>
Cell& Registry::cell(const Definition& definition, Labels labels) {
  const std::lock_guard lock(mutex_);
  auto& family = families_[definition.name];
  if (!family) family = std::make_unique<FamilyOf<Cell>>(definition);
  return static_cast<FamilyOf<Cell>&>(*family).get(labels);
}

Counter& Registry::counter(const CounterMetric& metric, Labels labels) {
  return cell<Counter>(metric.definition, labels);
}

Gauge& Registry::gauge(const GaugeMetric& metric, Labels labels) {
  return cell<Gauge>(metric.definition, labels);
}

Histogram& Registry::histogram(const HistogramMetric& metric, Labels labels) {
  return cell<Histogram>(metric.definition, labels);
}

Registry::Sampling& Registry::Sampling::operator=(Sampling&& other) noexcept {
  std::swap(registry_, other.registry_);
  std::swap(place_, other.place_);
  return *this;
}

Registry::Sampling::~Sampling() {
  if (!registry_) return;
  const std::lock_guard lock(registry_->sampling_);
  registry_->samplers_.erase(place_);
}

Registry::Sampling Registry::sample(std::function<void()> sampler) {
  Sampling sampling;
  const std::lock_guard lock(sampling_);
  samplers_.push_back(std::move(sampler));
  sampling.registry_ = this;
  sampling.place_ = std::prev(samplers_.end());
  return sampling;
}

void Registry::run_samplers() {
  const std::lock_guard lock(sampling_);
  for (const auto& sampler : samplers_) sampler();
}

std::string Registry::exposition() {
  run_samplers();
  std::string out;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name,
                   family->definition.help, name, to_string(family->kind));
    family->write_series(out);
  }
  return out;
}

void record_scan_duration(std::string_view scan_type, std::string_view domain,
                          std::chrono::nanoseconds took) {
  Registry::process().histogram(kEnumDuration, {scan_type, domain}).observe(took);
}

void increment_hostnames_found(std::string_view domain, std::string_view source, std::uint64_t n) {
  Registry::process().counter(kHostnamesFound, {domain, source}).add(n);
}

void record_db_operation(std::string_view operation, std::chrono::nanoseconds took) {
  Registry::process().histogram(kDbOperationDuration, {operation}).observe(took);
}

void record_http_request(std::string_view method, std::string_view endpoint, int status,
                         std::chrono::nanoseconds took) {
  Registry::process()
      .histogram(kHttpRequestDuration, {method, endpoint, std::to_string(status)})
      .observe(took);
}

}  // namespace m8::metrics
