#include "probe_world.h"

#include "base/log.h"
#include "dns/host_lookup.h"

namespace m8::asmm8 {
namespace {

constexpr const char* kHostsFile = "/etc/hosts";
constexpr std::size_t kLookupsInFlight = 1000;

cli::Flag table_flag(std::string name, std::string brief) {
  cli::Flag flag;
  flag.section = "Show";
  flag.name = std::move(name);
  flag.argument = "FILE";
  flag.brief = std::move(brief);
  flag.complete = cli::Complete::kFile;
  return flag;
}

}  // namespace

std::vector<cli::Flag> probe_table_flags() {
  return {table_flag("tech-file", "fingerprints in the Wappalyzer format"),
          table_flag("cdn-file", "address ranges of CDNs, WAFs and clouds")};
}

Status ProbeWorld::open_tables(const cli::Values& flags, bool with_technologies) {
  const std::string techs = flags.text("tech-file");
  if (with_technologies || !techs.empty()) {
    auto prints =
        techs.empty() ? probe::Fingerprints::builtin() : M8_TRY(probe::Fingerprints::load(techs));
    if (prints.skipped > 0)
      log::get("probe")->warn("{}: {} entries are no patterns", techs, prints.skipped);
    technologies = std::make_unique<probe::TechnologyDetector>(std::move(prints));
  }
  const std::string ranges = flags.text("cdn-file");
  auto table = ranges.empty() ? probe::CdnTable::builtin() : M8_TRY(probe::CdnTable::load(ranges));
  cdn = std::make_unique<probe::CdnTable>(std::move(table));
  return {};
}

Status ProbeWorld::open_lookup(dns::ResolverOptions resolver, Clock& clock) {
  dns::HostLookupOptions options;
  options.resolver = std::move(resolver);
  options.resolver.in_flight = kLookupsInFlight;
  options.hosts = M8_TRY(dns::read_hosts(kHostsFile));
  lookup = M8_TRY(dns::HostLookup::create(std::move(options), clock));
  return {};
}

Status ProbeWorld::open_session(const probe::Settings& settings, int loops,
                                net::RateLimiter::Options rates, const net::Scope& scope,
                                Clock& clock) {
  limiter = std::make_unique<net::RateLimiter>(rates, clock);
  http::Session::Options options;
  options.loops = loops;
  options.max_in_flight = settings.in_flight;
  options.max_idle = settings.in_flight;
  options.connect_timeout = settings.timeout;
  session = M8_TRY(http::Session::create(options, *lookup, scope, *limiter, clock));
  return {};
}

}  // namespace m8::asmm8
