#include "probe_world.h"

#include "base/log.h"
#include "cache/backend_metrics.h"
#include "dns/host_lookup.h"
#include "http/proxy_search.h"

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
  cli::Flag deep;
  deep.section = "Show";
  deep.name = "tech-deep";
  deep.brief = "technologies also by inline scripts, elements, URL and certificate";
  deep.detail = "More than the field's tools look at.";
  return {table_flag("tech-file", "fingerprints in the Wappalyzer format"), deep,
          table_flag("cdn-file", "address ranges of CDNs, WAFs and clouds")};
}

Status ProbeWorld::open_tables(const cli::Values& flags, bool with_technologies) {
  const std::string techs = flags.text("tech-file");
  if (with_technologies || !techs.empty()) {
    auto prints =
        techs.empty() ? probe::Fingerprints::builtin() : M8_TRY(probe::Fingerprints::load(techs));
    if (prints.skipped > 0)
      log::get("probe")->warn("{}: {} entries are no patterns", techs, prints.skipped);
    technologies = std::make_unique<probe::TechnologyDetector>(
        std::move(prints), flags.on("tech-deep") ? probe::TechnologyDetector::Depth::kDeep
                                                 : probe::TechnologyDetector::Depth::kField);
  }
  const std::string ranges = flags.text("cdn-file");
  auto table = ranges.empty() ? probe::CdnTable::builtin() : M8_TRY(probe::CdnTable::load(ranges));
  cdn = std::make_unique<probe::CdnTable>(std::move(table));
  return {};
}

Status ProbeWorld::open_lookup(dns::ResolverOptions resolver, std::unique_ptr<cache::Backend> kept,
                               Clock& clock) {
  dns::HostLookupOptions options;
  shared = std::move(kept);
  shared_watch = cache::watch_backend(shared.get());
  options.shared = shared.get();
  options.resolver = std::move(resolver);
  options.resolver.in_flight = kLookupsInFlight;
  options.hosts = M8_TRY(dns::read_hosts(kHostsFile));
  lookup = M8_TRY(dns::HostLookup::create(std::move(options), clock));
  return {};
}

Status ProbeWorld::find_proxy(const std::vector<std::string>& urls,
                              std::chrono::milliseconds timeout, Clock& clock,
                              std::stop_token stop) {
  std::vector<http::Proxy> proxies;
  for (const std::string& url : urls) {
    auto parsed = http::Proxy::parse(url);
    if (!parsed.ok()) return parsed.error().with_context("--proxy");
    proxies.push_back(std::move(parsed).value());
  }
  if (!proxies.empty())
    proxy = M8_TRY(http::first_reachable(proxies, *lookup, clock, timeout, std::move(stop)));
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
  options.target_proxy = proxy;
  session = M8_TRY(http::Session::create(options, *lookup, scope, *limiter, clock));
  return {};
}

}  // namespace m8::asmm8
