#include "enum_probe.h"

#include <chrono>

#include <fmt/format.h>

#include "cli/make_flag.h"
#include "cli/value_type.h"
#include "net/socket.h"
#include "probe_flags.h"

namespace m8::asmm8 {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSection = "Probe";

}  // namespace

std::vector<cli::Flag> enum_probe_flags() {
  std::vector<cli::Flag> flags{
      cli::common(cli::detailed(
          cli::switched(kSection, "probe", {}, "ask each name over HTTP(S) as it is found"),
          "Records get the key probe: what asmm8 probe says of each endpoint. A name that DNS "
          "can't tell from its zone's wildcard, guesses among them, is kept if status, title, "
          "page, certificate or redirect differ from those of a random label, "
          "and dropped if not.")),
      cli::detailed(cli::repeated(cli::valued(kSection, "ports", {}, "PORT", "probe these ports")),
                    "As in asmm8 probe. Without it https on 443, then http on 80."),
      cli::typed(cli::with_default(
                     cli::valued(kSection, "probe-rate", {}, "RATE", "requests of the probe"),
                     "150", "requests/s"),
                 cli::ValueType::rate()),
      cli::typed(cli::with_default(
                     cli::valued(kSection, "probe-timeout", {}, "TIME", "wait for each answer"),
                     "10", "seconds"),
                 cli::ValueType::duration(1ms, 1h)),
      cli::typed(cli::with_default(
                     cli::valued(kSection, "probe-threads", {}, "N", "names at a time"), "50"),
                 cli::ValueType::number(1, 20'000))};
  for (cli::Flag& flag : probe_table_flags()) {
    flag.section = kSection;
    flags.push_back(std::move(flag));
  }
  return flags;
}

Result<std::string> enum_probe_plan(const cli::Values& flags) {
  if (!flags.on("probe")) return std::string();
  std::string ports;
  for (const auto& [port, scheme] : M8_TRY(probe_ports(flags)))
    ports +=
        fmt::format("{}{}{}", ports.empty() ? "" : ", ", scheme.empty() ? "" : scheme + ":", port);
  const net::Rate rate = flags.rate("probe-rate");
  return fmt::format("probe      each name found on {}; {}, {} names at a time, {} for an answer\n",
                     ports.empty() ? "https:443, then http:80" : ports,
                     rate.unlimited() ? "no rate" : fmt::format("{} requests/s", rate.per_second),
                     flags.text("probe-threads"),
                     cli::duration_text(flags.duration("probe-timeout").count()));
}

EnumProbe::~EnumProbe() {
  // What is still under way calls back into the prober.
  if (world_) world_->session.reset();
}

Status EnumProbe::start(const cli::Values& flags, const Surroundings& around, Clock& clock) {
  if (!flags.on("probe")) return {};
  (void)net::raise_open_file_limit();
  probe::NameProber::Options options;
  options.settings.timeout = flags.duration("probe-timeout");
  options.settings.in_flight = flags.number<std::size_t>("probe-threads");
  options.settings.tls = true;
  options.strict = flags.on("strict-wildcard");
  options.ports = M8_TRY(probe_ports(flags));
  if (enumerate::Learned* learned = around.learned; learned != nullptr) {
    options.hold = [learned] {
      return std::make_shared<enumerate::Learned::Hold>(learned->hold());
    };
    options.learn = [learned](const std::string& name, std::string_view origin) {
      (void)learned->offer(name, origin);
    };
  }
  world_ = std::make_unique<ProbeWorld>();
  M8_TRY(world_->open_tables(flags, true));
  M8_TRY(world_->open_lookup(around.resolver, nullptr, clock));
  net::RateLimiter::Options rates;
  rates.global = flags.rate("probe-rate");
  M8_TRY(world_->open_session(options.settings, 1, rates, around.scope, clock));
  prober_ = std::make_unique<probe::NameProber>(
      probe::NameProber::Parts{*world_->session, next_, around.endpoints, clock,
                               world_->technologies.get(), world_->cdn.get()},
      std::move(options));
  return {};
}

Status EnumProbe::finish(std::stop_token stop) {
  if (!prober_) return {};
  const Status status = prober_->finish(std::move(stop));
  world_->session.reset();
  tell_finished();
  return status;
}

void EnumProbe::count(model::Run& run) const {
  if (!prober_) return;
  const auto counts = prober_->counts();
  run.counts["probe.names"] = counts.names;
  run.counts["probe.live"] = counts.endpoints.live;
  run.counts["probe.failed"] = counts.endpoints.failed;
  run.counts["probe.compared"] = counts.compared;
  run.counts["probe.distinct"] = counts.distinct;
  run.counts["probe.like_wildcard"] = counts.same_page;
}

Status EnumProbe::hostname(const model::Hostname& record) {
  return prober_ ? prober_->hostname(record) : next_.hostname(record);
}

// ---- the source --------------------------------------------------------------------------------

Result<enumerate::CandidateSource::Next> EnumProbe::next(enumerate::Candidate& candidate) {
  if (some_finished_.exchange(false)) tell_finished();
  if (prober_ && prober_->full()) return Next::kLater;
  return candidates_.next(candidate);
}

void EnumProbe::on_more(std::function<void()> wake) {
  *wake_.lock() = wake;
  candidates_.on_more(std::move(wake));
  if (prober_) prober_->on_room([this] { left(); });
}

void EnumProbe::forget_wake() {
  *wake_.lock() = {};
  candidates_.forget_wake();
}

void EnumProbe::left() {
  auto wake = wake_.lock();
  if (*wake) (*wake)();
}

/// The record of a name that is found waits for its probe; a journal must not call it done.
void EnumProbe::finished(const enumerate::Candidate& candidate, enumerate::Verdict verdict) {
  if (!prober_) return candidates_.finished(candidate, verdict);
  prober_->when_left([this, candidate, verdict] {
    finished_.lock()->emplace_back(candidate, verdict);
    some_finished_ = true;
  });
  if (some_finished_.exchange(false)) tell_finished();
}

void EnumProbe::tell_finished() {
  Finished all;
  all.swap(*finished_.lock());
  for (const auto& [candidate, verdict] : all) candidates_.finished(candidate, verdict);
}

}  // namespace m8::asmm8
