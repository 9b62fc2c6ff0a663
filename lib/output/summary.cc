#include "output/summary.h"

#include <chrono>

#include "base/json.h"

namespace m8::output {
namespace {

/// Milliseconds are enough for people and keep the numbers short.
double in_seconds(std::chrono::nanoseconds time) {
  return static_cast<double>(std::chrono::round<std::chrono::milliseconds>(time).count()) / 1000;
}

void add_sources(json::Writer& w, const std::vector<model::SourceEnd>& sources) {
  w.key("sources").array();
  for (const auto& end : sources) {
    w.object().field("source", end.source).field("state", end.state).field("names", end.names);
    w.field("requests", end.requests).field("seconds", in_seconds(end.duration));
    w.field("cached", end.cached).optional("reason", end.reason).end();
  }
  w.end();
}

}  // namespace

std::string summary_line(const model::Run& run, const ProcessUsage& usage) {
  json::Writer w;
  w.object().field("command", run.command).field("arguments", run.arguments);
  if (run.id != 0) w.field("run", run.id);
  w.field("version", run.version).field("status", run.status);
  w.field("started", rfc3339(run.started)).field("ended", rfc3339(run.ended));
  w.field("wall_seconds", in_seconds(run.ended - run.started));
  w.field("user_seconds", in_seconds(usage.user)).field("system_seconds", in_seconds(usage.system));
  w.field("peak_rss_bytes", usage.peak_rss_bytes).field("threads", usage.threads);
  w.field("peak_threads", usage.peak_threads).field("open_files", usage.open_files);
  w.field("resident_bytes", usage.resident_bytes);
  w.key("counts").object();
  for (const auto& [name, count] : run.counts) w.field(name, count);
  w.end();
  if (!run.sources.empty()) add_sources(w, run.sources);
  w.end();
  return w.take() + '\n';
}

}  // namespace m8::output
