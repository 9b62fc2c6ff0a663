#include "network.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/log.h"
#include "cache/backend_metrics.h"
#include "cache/settings.h"
#include "cli/environment.h"
#include "dns/host_lookup.h"
#include "dns/server_list.h"
#include "http/proxy_search.h"
#include "http/service_flags.h"
#include "net/socket.h"
#include "selection.h"

namespace m8::num8 {
namespace {

constexpr const char* kSystemResolvers = "/etc/resolv.conf";
constexpr const char* kHostsFile = "/etc/hosts";
constexpr std::size_t kLookupsInFlight = 1000;
/// Descriptors that are none of a target's connections, at most.
constexpr std::size_t kOtherFiles = 500, kMostInFlight = 60'000;

/// Where no way leads to the system's resolvers names can't be looked up, but addresses need not
/// be: this machine is asked instead, as the C library does that knows of no resolver.
Result<std::unique_ptr<dns::HostLookup>> look_up_here(dns::HostLookupOptions options,
                                                      Clock& clock) {
  options.resolver.servers = M8_TRY(dns::read_servers("127.0.0.1"));
  return dns::HostLookup::create(std::move(options), clock);
}

Result<std::unique_ptr<net::HostLookup>> make_lookup(const cli::Values& flags,
                                                     cache::Backend* shared, Clock& clock) {
  dns::HostLookupOptions options;
  options.shared = shared;
  const std::string resolvers = flags.text("resolvers");
  options.resolver.servers = resolvers.empty() ? M8_TRY(dns::system_servers(kSystemResolvers))
                                               : M8_TRY(dns::read_servers(resolvers));
  options.resolver.in_flight = kLookupsInFlight;
  if (!resolvers.empty() && flags.on("system-resolvers")) {
    auto system = M8_TRY(dns::system_servers(kSystemResolvers));
    options.resolver.servers.insert(options.resolver.servers.end(), system.begin(), system.end());
  }
  options.hosts = M8_TRY(dns::read_hosts(kHostsFile));
  auto lookup = dns::HostLookup::create(options, clock);
  const bool no_way = !lookup.ok() && lookup.error().code == ErrorCode::kNetwork;
  if (no_way && resolvers.empty()) lookup = look_up_here(std::move(options), clock);
  return std::unique_ptr<net::HostLookup>(M8_TRY(std::move(lookup)));
}

class CountedLookup final : public net::HostLookup {
 public:
  CountedLookup(net::HostLookup& resolvers, LookupCounts& counts)
      : resolvers_(resolvers), counts_(counts) {}

  void lookup(const std::string& host, Callback done) override {
    counts_.under_way.fetch_add(1);
    resolvers_.lookup(host, [this, done = std::move(done)](Result<Addresses> result) {
      counts_.under_way.fetch_sub(1);
      const bool answered = result.ok() || result.error().code == ErrorCode::kNotFound;
      const bool ours = !result.ok() && result.error().code == ErrorCode::kCancelled;
      if (!ours) (answered ? counts_.answered : counts_.unanswered).fetch_add(1);
      done(std::move(result));
    });
  }

 private:
  net::HostLookup& resolvers_;
  LookupCounts& counts_;
};

/// The first of --proxy that can be reached; nothing without that flag.
Result<std::optional<http::Proxy>> find_proxy(const cli::Values& flags, net::HostLookup& lookup,
                                              Clock& clock, std::chrono::milliseconds timeout,
                                              std::stop_token stop) {
  std::vector<http::Proxy> proxies;
  for (const std::string& url : M8_TRY(expand_files(flags.list("proxy")))) {
    auto proxy = http::Proxy::parse(url);
    if (!proxy.ok()) return proxy.error().with_context("--proxy");
    proxies.push_back(std::move(proxy).value());
  }
  if (proxies.empty()) return std::optional<http::Proxy>();
  return std::optional<http::Proxy>(
      M8_TRY(http::first_reachable(proxies, lookup, clock, timeout, std::move(stop))));
}

}  // namespace

Result<std::unique_ptr<Network>> Network::create(const cli::Values& flags,
                                                 const ScanSettings& settings, Watch watch,
                                                 Clock& clock, std::stop_token stop) {
  std::unique_ptr<Network> network(new Network(settings, clock));
  network->shared_ = M8_TRY(cache::open_chosen(flags));
  network->shared_watch_ = cache::watch_backend(network->shared_.get());
  network->resolvers_ = M8_TRY(make_lookup(flags, network->shared_.get(), clock));
  network->lookup_ = std::make_unique<CountedLookup>(*network->resolvers_, network->lookups_);
  http::Session::Options options;
  const auto files = static_cast<std::size_t>(net::raise_open_file_limit());
  options.max_in_flight = std::clamp(files, 2 * kOtherFiles, kMostInFlight) - kOtherFiles;
  options.max_idle = options.max_in_flight;
  options.max_idle_per_host = std::max(options.max_idle_per_host,
                                       static_cast<std::size_t>(settings.engine.templates_at_once));
  options.connect_timeout = settings.requests.timeout;
  options.target_proxy = M8_TRY(
      find_proxy(flags, *network->lookup_, clock, settings.requests.timeout, std::move(stop)));
  if (options.target_proxy) {
    network->proxy_ = options.target_proxy->name();
    log::get("http")->info("using {} as proxy server", network->proxy_);
  }
  options.service =
      M8_TRY(http::service_options(flags, http::ProxyRules::from_environment(cli::environment)));
  options.memory = &watch.memory;
  options.audit = watch.audit;
  network->session_ = M8_TRY(
      http::Session::create(options, *network->lookup_, settings.scope, network->limiter_, clock));
  return network;
}

}  // namespace m8::num8
