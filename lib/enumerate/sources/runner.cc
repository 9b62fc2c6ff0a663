#include "enumerate/sources/runner.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/guarded.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "enumerate/sources/special_use.h"

namespace m8::enumerate::sources {
namespace {

/// So many domains in a row without an answer, and a source is not asked about the rest.
constexpr int kPatience = 3;

net::Rate rate_of(const Chosen& chosen) {
  const std::string text =
      chosen.settings.rate.empty() ? std::string(chosen.source->rate) : chosen.settings.rate;
  return text.empty() ? net::Rate() : net::Rate::parse(text).value_or({});
}

std::string day_of(WallTime time) { return rfc3339(time).substr(0, 16) + "Z"; }

}  // namespace

/// What one worker does. Borrowed from run().
struct Runner::Work {
  const Chosen& chosen;
  const std::vector<net::Name>& domains;
  const Take& take;

  /// A service of the user's own may know any name.
  bool may_ask(const net::Name& domain) const {
    return !chosen.settings.url.empty() || special_use(domain).empty();
  }
};

Runner::Runner(http::Session& session, RunnerOptions options, Clock& clock)
    : session_(session),
      options_(std::move(options)),
      clock_(clock),
      limiter_({.global = options_.rate, .per_key = {}}, clock),
      cache_(options_.cache, options_.ttl, clock) {}

std::vector<Report> Runner::run(const std::vector<Chosen>& sources,
                                const std::vector<net::Name>& domains, const Take& take,
                                std::stop_token stop) {
  std::vector<std::optional<Report>> ends(sources.size());
  ThreadPool pool({.workers = std::clamp(static_cast<int>(sources.size()), 1, options_.workers)});
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const Work work{sources[i], domains, take};
    if (std::none_of(domains.begin(), domains.end(),
                     [&](const net::Name& domain) { return work.may_ask(domain); }))
      continue;
    // Each job writes its own element, and drain() comes before they are read.
    (void)pool.submit(
        [this, &end = ends[i], work, stop](const std::stop_token&) { end = ask_all(work, stop); });
  }
  pool.drain();
  std::vector<Report> reports;
  for (auto& end : ends) {
    if (end) reports.push_back(std::move(*end));
  }
  return reports;
}

Report Runner::ask_all(const Work& work, std::stop_token stop) {
  const Chosen& chosen = work.chosen;
  if (chosen.lacks_key()) {
    Report report;
    report.source = chosen.source->name;
    report.state = State::kAuth;
    report.reason = "no key: " + key_variable(report.source) + " or sources.yaml";
    report.ended = clock_.wall();
    return report;
  }
  const std::string url =
      chosen.settings.url.empty() ? std::string(chosen.source->url) : chosen.settings.url;
  Lane lane(*chosen.source, url, chosen.settings.keys, rate_of(chosen), clock_);
  Tally tally;
  int failures = 0;
  for (const auto& domain : work.domains) {
    if (failures == kPatience || (stop.stop_requested() && tally.reports() > 0)) break;
    if (!work.may_ask(domain)) continue;
    const Report report = ask_one(lane, domain, work, stop);
    tally.add(report);
    failures = report.state == State::kDown ? failures + 1 : 0;
  }
  Report total = tally.total();
  if (failures == kPatience && tally.reports() < work.domains.size())
    total.reason += "; not asked about the other domains";
  return total;
}

Report Runner::ask_one(Lane& lane, const net::Name& domain, const Work& work,
                       std::stop_token stop) {
  const std::string_view source = lane.source.name;
  const std::string variant = lane.url + (lane.secrets.empty() ? "" : " with a key");
  const auto kept = cache_.find(source, domain, variant);
  const auto give = [&](const net::Name& name) { return work.take(name, source); };
  if (kept && kept->fresh) {
    Report report;
    report.source = source;
    report.state = kept->names.empty() ? State::kEmpty : State::kOk;
    report.cached = true;
    report.ended = clock_.wall();
    for (const auto& name : kept->names) report.names += give(name) ? 1 : 0;
    return report;
  }
  Query query(lane, {session_, limiter_, clock_, options_.limits}, domain, give, std::move(stop));
  Report report = query.run();
  log::get("sources")->debug("source={} domain={} state={} names={} requests={} reason={}", source,
                             domain.text(), to_string(report.state), report.names, report.requests,
                             report.reason);
  if (report.state == State::kOk || report.state == State::kEmpty) {
    std::vector<std::string> names(query.names().begin(), query.names().end());
    std::sort(names.begin(), names.end());
    cache_.keep(source, domain, variant, names);
  } else if (kept) {
    report.cached = true;
    report.reason += "; names of " + day_of(kept->time) + " taken";
    for (const auto& name : kept->names) {
      if (!query.names().contains(name.text())) report.names += give(name) ? 1 : 0;
    }
  }
  return report;
}

}  // namespace m8::enumerate::sources
