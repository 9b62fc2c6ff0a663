#include "api/samples.h"

#include <cmath>

#include "base/json.h"
#include "base/process.h"

namespace m8::api {
namespace {

double tenths(double value) { return std::round(value * 10) / 10; }

}  // namespace

void Samples::take(const Source& source) {
  Sample sample;
  source(sample);
  const ProcessUsage usage = process_usage();
  const SteadyTime now = clock_.now();
  const double seconds = std::chrono::duration<double>(now - before_).count();
  const double requests = sample.requests_per_second;
  const bool first = before_ == SteadyTime{};
  sample.requests_per_second = first || seconds <= 0 ? 0 : (requests - requests_before_) / seconds;
  const std::chrono::duration<double> cpu = usage.cpu() - cpu_before_;
  sample.cpu_percent = first || seconds <= 0 ? 0 : cpu.count() / seconds * 100;
  before_ = now;
  cpu_before_ = usage.cpu();
  requests_before_ = requests;
  sample.at = clock_.wall();
  sample.resident_bytes = usage.resident_bytes;
  sample.threads = usage.threads;
  sample.open_files = usage.open_files;
  auto samples = samples_.lock();
  samples->push_back(sample);
  if (samples->size() > kept_) samples->pop_front();
}

std::string Samples::json(WallTime since) const {
  json::Writer w;
  w.object().key("items").array();
  auto samples = samples_.lock();
  for (const Sample& one : *samples) {
    if (one.at <= since) continue;
    w.object().field("at", rfc3339(one.at)).field("cpu_percent", tenths(one.cpu_percent));
    w.field("resident_bytes", one.resident_bytes).field("threads", one.threads);
    w.field("open_files", one.open_files);
    w.field("requests_per_second", tenths(one.requests_per_second));
    w.field("connections", std::uint64_t{one.connections});
    w.field("streams", std::uint64_t{one.streams});
    w.field("db_open", one.db_open).field("db_in_use", one.db_in_use);
    w.field("scans_queued", std::uint64_t{one.scans_queued});
    w.field("scans_running", std::uint64_t{one.scans_running}).end();
  }
  return w.end().key("next").null().end().take();
}

}  // namespace m8::api
