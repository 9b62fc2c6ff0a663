#include "http/service_flags.h"

#include <chrono>

namespace m8::http {
namespace {

using cli::setting;
using cli::ValueType;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

ValueType time_up_to(milliseconds most) { return ValueType::duration(milliseconds(1), most); }

std::vector<cli::Flag> make_flags() {
  const ValueType time = time_up_to(hours(1));
  const ValueType connections = ValueType::number(1, 10'000);
  std::vector<cli::Flag> flags = {
      setting("http.timeout", "TIME", time, "30s", "one try of a service, redirects included"),
      setting("http.max_idle", "N", connections, "100", "idle connections to services in all"),
      setting("http.max_conns_per_host", "N", connections, "30", "open connections to one service"),
      setting("http.max_idle_per_host", "N", connections, "10", "idle connections to one service"),
      setting("http.idle_timeout", "TIME", time_up_to(hours(24)), "90s",
              "close connections that were idle for so long"),
      setting("http.keep_alive", "BOOL", {}, "true", "use connections again"),
      setting("http.compression", "BOOL", {}, "true", "ask services for compressed answers"),
      setting("http.dial_timeout", "TIME", time, "10s", "look up and connect"),
      setting("http.tcp_keepalive", "TIME", ValueType::duration(milliseconds(0), hours(24)), "30s",
              "between probes of an idle connection; 0 is none"),
      setting("http.tls_timeout", "TIME", time, "10s", "TLS handshake"),
      setting("http.header_timeout", "TIME", time, "10s", "from the request to the answer's head"),
      setting("http.expect_timeout", "TIME", time, "1s", "100 Continue, before a large body"),
      setting("http.retries", "N", ValueType::number(0, 20), "2", "further tries of a call"),
      setting("http.retry_backoff", "TIME", time_up_to(minutes(10)), "500ms",
              "longest pause before the first further try; doubles"),
      setting("http.breaker.max_failures", "N", ValueType::number(0, 1'000'000), "5",
              "failures in a row that open a service's circuit breaker; 0 is never"),
      setting("http.breaker.reset_timeout", "TIME", time_up_to(hours(24)), "30s",
              "until an open circuit breaker lets a trial pass"),
      setting("http.proxy", "URL", {}, "", "proxy for services: http, https, socks5, socks5h"),
  };
  for (cli::Flag& flag : flags) {
    if (flag.argument == "BOOL") flag.choices = {"true", "false"};
  }
  flags.back().secret = true;  // it may have a password
  flags.back().detail =
      "Without it HTTP_PROXY, HTTPS_PROXY and ALL_PROXY say which, but for the hosts of NO_PROXY.";
  return flags;
}

}  // namespace

const std::vector<cli::Flag>& service_flags() {
  static const std::vector<cli::Flag> flags = make_flags();
  return flags;
}

Result<ServiceOptions> service_options(const cli::Values& flags, const ProxyRules& environment) {
  ServiceOptions options;
  options.timeout = flags.duration("http-timeout");
  options.max_idle = flags.number<std::size_t>("http-max-idle");
  options.max_connections_per_host = flags.number<std::size_t>("http-max-conns-per-host");
  options.max_idle_per_host = flags.number<std::size_t>("http-max-idle-per-host");
  options.idle_timeout = flags.duration("http-idle-timeout");
  options.keep_alive = flags.text("http-keep-alive") == "true";
  options.compression = flags.text("http-compression") == "true";
  options.dial_timeout = flags.duration("http-dial-timeout");
  options.tcp_keepalive = flags.duration("http-tcp-keepalive");
  options.tls_timeout = flags.duration("http-tls-timeout");
  options.header_timeout = flags.duration("http-header-timeout");
  options.expect_timeout = flags.duration("http-expect-timeout");
  options.retries = flags.number<int>("http-retries");
  options.retry_backoff = flags.duration("http-retry-backoff");
  options.breaker.max_failures = flags.number<int>("http-breaker-max-failures");
  options.breaker.reset_timeout = flags.duration("http-breaker-reset-timeout");
  const std::string proxy = flags.text("http-proxy");
  options.proxies = proxy.empty() ? environment : ProxyRules::all(proxy);
  M8_TRY(options.proxies.check());
  return options;
}

}  // namespace m8::http
