#include "passive.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"
#include "cache/settings.h"
#include "cli/environment.h"
#include "cli/exit_code.h"
#include "enumerate/sources/registry.h"
#include "enumerate/sources/special_use.h"
#include "http/service_flags.h"
#include "net/poller.h"

namespace m8::asmm8 {
namespace {

/// Names that wait for the engine.
constexpr std::size_t kWaiting = 4096;

namespace sources = enumerate::sources;

/// "$XDG_...", else ~/HOME_PART; empty without a home.
std::string user_folder(const char* variable, const char* home_part) {
  std::string folder = cli::environment(variable);
  if (folder.empty() && !cli::environment("HOME").empty())
    folder = cli::environment("HOME") + "/" + home_part;
  return folder.empty() ? folder : folder + "/m8";
}

/// subfinder's -max-time counts minutes; with a unit it is what it says.
std::chrono::milliseconds max_time_of(const cli::Values& flags) {
  const auto time = flags.duration("max-time");
  const std::string text = flags.text("max-time");
  const bool bare = text.find_first_not_of("0123456789.") == std::string::npos;
  return bare ? time * 60 : time;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) (out += out.empty() ? "" : ", ") += word;
  return out;
}

}  // namespace

// ---- settings -----------------------------------------------------------------------------------

Result<sources::AllSettings> source_settings(const cli::Values& flags) {
  const sources::Environment environment = [](const std::string& name) {
    return cli::environment(name.c_str());
  };
  std::string path = flags.text("provider-config");
  const bool named = !path.empty();
  if (!named) path = user_folder("XDG_CONFIG_HOME", ".config") + "/sources.yaml";
  const auto text = read_file(path, 4u << 20);
  sources::AllSettings settings;
  if (text.ok()) {
    auto parsed = sources::parse_settings(*text, environment);
    if (!parsed.ok()) return parsed.error().with_context(path);
    settings = std::move(*parsed);
  } else if (named || text.error().code != ErrorCode::kNotFound) {
    return Error{ErrorCode::kInvalidArgument, text.error().message};
  }
  if (const auto unknown = sources::unknown_names(settings); !unknown.empty())
    log::get("sources")->info("{}: no such source: {}", path, joined(unknown));
  sources::add_environment(settings, environment);
  M8_TRY(
      sources::assign(settings, flags.list("source-url"), &sources::Settings::url, "--source-url"));
  M8_TRY(sources::assign(settings, flags.list("source-rates"), &sources::Settings::rate,
                         "--source-rates"));
  return settings;
}

std::string last_reports_path() {
  const std::string folder = user_folder("XDG_STATE_HOME", ".local/state");
  return folder.empty() ? folder : folder + "/sources.jsonl";
}

// ---- provenance ---------------------------------------------------------------------------------

bool Provenance::note(const std::string& name, std::string_view source) {
  auto known = known_.lock();
  const auto [entry, fresh] = known->try_emplace(name);
  entry->second.emplace_back(source);
  return fresh;
}

std::vector<std::string> Provenance::sources_of(const std::string& name) const {
  auto known = known_.lock();
  const auto found = known->find(name);
  return found == known->end() ? std::vector<std::string>() : found->second;
}

Status Provenance::hostname(const model::Hostname& record) {
  const auto known = sources_of(record.hostname);
  if (known.empty()) return next_.hostname(record);
  model::Hostname full = record;
  full.sources.insert(full.sources.end(), known.begin(), known.end());
  std::sort(full.sources.begin(), full.sources.end());
  full.sources.erase(std::unique(full.sources.begin(), full.sources.end()), full.sources.end());
  return next_.hostname(full);
}

void Provenance::each(const std::function<void(const std::string&)>& visit) const {
  auto known = known_.lock();
  for (const auto& [name, _] : *known) visit(name);
}

// ---- set up -------------------------------------------------------------------------------------

Passive::Passive(const std::vector<net::Name>& domains, const net::Scope& scope, Clock& clock,
                 const MemoryGovernor& memory)
    : domains_(domains),
      scope_(scope),
      clock_(clock),
      unlimited_({}, clock),
      feed_(domains, kWaiting, &memory) {}

Result<std::unique_ptr<Passive>> Passive::create(const cli::Values& flags,
                                                 const std::vector<net::Name>& domains,
                                                 const net::Scope& scope, Clock& clock,
                                                 const MemoryGovernor& memory) {
  std::unique_ptr<Passive> passive(new Passive(domains, scope, clock, memory));
  M8_TRY(passive->configure(flags));
  return passive;
}

Status Passive::configure(const cli::Values& flags) {
  const auto settings = M8_TRY(source_settings(flags));
  const sources::Selection selection{flags.list("source"), flags.list("exclude-sources"),
                                     flags.on("recursive-sources")};
  if (!flags.on("no-passive")) sources_ = M8_TRY(sources::choose(selection, settings));
  options_.limits.request_timeout = flags.duration("source-timeout");
  options_.limits.deadline = max_time_of(flags);
  options_.rate = flags.rate("source-rate");
  options_.ttl = std::chrono::duration_cast<std::chrono::seconds>(flags.duration("source-cache"));
  if (options_.ttl.count() > 0) kept_ = M8_TRY(cache::open_lasting(flags));
  options_.cache = kept_.get();
  max_failed_ = flags.number<int>("max-failed-sources");
  collect_ = flags.on("collect-sources");
  return configure_session(flags);
}

Status Passive::configure_session(const cli::Values& flags) {
  http::ServiceOptions& service = session_options_.service;
  service = M8_TRY(http::service_options(
      flags,
      http::ProxyRules::from_environment([](const char* name) { return cli::environment(name); })));
  service.timeout = options_.limits.request_timeout;
  // Some search for as long as that before their first byte.
  service.header_timeout = std::max(service.header_timeout, service.timeout);
  if (const std::string proxy = flags.text("source-proxy"); !proxy.empty())
    service.proxies = http::ProxyRules::all(proxy);
  return service.proxies.check();
}

std::string Passive::plan() const {
  if (sources_.empty()) return "none";
  std::vector<std::string> names;
  for (const auto& chosen : sources_) names.emplace_back(chosen.source->name);
  std::string plan = fmt::format("{} ({})", names.size(), joined(names));
  for (const auto& domain : domains_) {
    if (const auto special = sources::special_use(domain); !special.empty())
      plan += fmt::format("; not about {}: {} is for special use", domain.text(), special);
  }
  return plan;
}

// ---- asking -------------------------------------------------------------------------------------

void Passive::start(Provenance& provenance, std::stop_token stop) {
  thread_ = std::jthread([this, &provenance, stop](const std::stop_token& own) {
    std::stop_source ended;
    const std::stop_callback by_user(stop, [&ended] { ended.request_stop(); });
    const std::stop_callback by_end(own, [&ended] { ended.request_stop(); });
    run(provenance, ended.get_token());
    feed_.close();
  });
}

void Passive::run(Provenance& provenance, std::stop_token stop) {
  if (sources_.empty()) return;
  tell_special_use();
  auto session = http::Session::create(session_options_, lookup_, everything_, unlimited_, clock_);
  if (!session.ok()) {
    log::get("sources")->error("{}", session.error().message);
    return;
  }
  session_ = std::move(*session);
  sources::Runner runner(*session_, options_, clock_);
  reports_ = runner.run(
      sources_, domains_,
      [&](const net::Name& name, std::string_view source) {
        provenance.note(name.text(), source);
        return collect_ || feed_.push(name, source, stop) != enumerate::Feed::Pushed::kClosed;
      },
      stop);
  if (!collect_) return;
  std::vector<std::string> names;
  provenance.each([&](const std::string& name) { names.push_back(name); });
  for (const auto& name : names) {
    const auto from = provenance.sources_of(name);
    if (feed_.push(net::Name::trusted(name), from.front(), stop) ==
        enumerate::Feed::Pushed::kClosed)
      return;
  }
}

void Passive::tell_special_use() const {
  const bool named = sources_.front().named;
  for (const auto& domain : domains_) {
    const auto special = sources::special_use(domain);
    if (special.empty()) continue;
    log::get("sources")->log(named ? spdlog::level::warn : spdlog::level::info,
                             "{} is told to sources of your own only: {} is for special use",
                             domain.text(), special);
  }
}

Status Passive::list(model::Sink& sink, std::stop_token stop) {
  Provenance provenance(sink);
  net::Poller poller = M8_TRY(net::Poller::create());
  feed_.on_more([&poller] { poller.wake(); });
  start(provenance, std::move(stop));
  std::unordered_set<std::string, SeededHash, std::equal_to<>> listed;
  Status first;
  for (enumerate::Candidate candidate;;) {
    const auto next = M8_TRY(feed_.next(candidate));
    if (next == enumerate::CandidateSource::Next::kEnd) break;
    if (next == enumerate::CandidateSource::Next::kLater) {
      poller.poll(std::chrono::milliseconds(100));
      continue;
    }
    if (!listed.insert(candidate.name).second || !scope_.allows_host(candidate.name)) continue;
    const Status status = provenance.hostname(unproven(candidate));
    if (first.ok()) first = status;
  }
  feed_.forget_wake();
  stop_asking();
  return first;
}

model::Hostname Passive::unproven(const enumerate::Candidate& candidate) const {
  model::Hostname record;
  record.domain = domains_[candidate.apex].text();
  record.hostname = candidate.name;
  record.sources = {candidate.source};
  record.first_seen = record.last_seen = clock_.wall();
  record.proven = false;
  return record;
}

// ---- ends ---------------------------------------------------------------------------------------

void Passive::stop_asking() {
  thread_.request_stop();
  feed_.close();
  if (thread_.joinable()) thread_.join();
}

void Passive::end(model::Run& run) {
  stop_asking();
  std::uint64_t requests = 0, names = 0;
  for (const auto& report : reports_) {
    run.sources.push_back({report.source, to_string(report.state), report.names, report.requests,
                           report.duration, report.reason, report.cached});
    requests += report.requests;
    names += report.names;
  }
  if (reports_.empty()) return;
  run.counts["sources"] = reports_.size();
  run.counts["source_names"] = names;
  run.counts["source_requests"] = requests;
  run.counts["sources_failed"] = failures().size();
  tell();
  if (const std::string path = last_reports_path(); !path.empty()) {
    const Status status = sources::write_last(path, reports_);
    if (!status.ok()) log::get("sources")->warn("{}", status.error().message);
  }
}

std::vector<std::string> Passive::failures() const {
  std::vector<std::string> failed;
  for (const auto& report : reports_) {
    if (sources::failed(report.state)) failed.push_back(report.source);
  }
  return failed;
}

/// One line for each state that somebody should know of.
void Passive::tell() const {
  using sources::State;
  for (const State state : {State::kPartial, State::kLimited, State::kAuth, State::kDown}) {
    std::vector<std::string> names;
    for (const auto& report : reports_) {
      if (report.state == state) names.push_back(report.source);
      if (report.state == state)
        log::get("sources")->info("{} {}: {}", report.source, to_string(state), report.reason);
    }
    if (!names.empty()) log::get("sources")->warn("{}: {}", to_string(state), joined(names));
  }
}

int Passive::verdict(const std::string& program) const {
  const auto failed = failures();
  std::vector<std::string> named;
  for (const auto& chosen : sources_) {
    const bool lost = std::find(failed.begin(), failed.end(), chosen.source->name) != failed.end();
    if (chosen.named && lost) named.emplace_back(chosen.source->name);
  }
  const bool too_many =
      failed.size() * 100 > reports_.size() * static_cast<std::size_t>(max_failed_);
  if (named.empty() && !too_many) return cli::kDone;
  fmt::print(stderr, "{}: incomplete: {} of {} sources failed: {}\n", program, failed.size(),
             reports_.size(), joined(too_many ? failed : named));
  return cli::kIncomplete;
}

}  // namespace m8::asmm8
