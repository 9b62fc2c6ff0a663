#include "dns_flags.h"

#include "dns/server_list.h"

namespace m8::asmm8 {
namespace {

using namespace std::chrono_literals;

constexpr const char* kSystemResolvers = "/etc/resolv.conf";

cli::Flag dns_flag(std::string name, std::vector<std::string> aliases, std::string argument,
                   std::string brief) {
  cli::Flag flag;
  flag.name = std::move(name);
  flag.aliases = std::move(aliases);
  flag.argument = std::move(argument);
  flag.brief = std::move(brief);
  flag.section = "Resolvers";
  return flag;
}

}  // namespace

std::vector<cli::Flag> dns_flags(const DnsDefaults& defaults) {
  cli::Flag resolver = dns_flag("resolver", {"r"}, "FILE|IP[:PORT],...", "resolvers to ask");
  resolver.detail =
      "A file with one resolver a line, or addresses separated by commas. Without it the system's "
      "resolvers are asked.";
  resolver.complete = cli::Complete::kFile;
  resolver.literal = true;
  resolver.common = true;
  cli::Flag threads = dns_flag("threads", {"t"}, "N", "queries in flight at most");
  threads.detail =
      "The bound over all resolvers. Each resolver has a window of its own below it, "
      "which grows while that makes answers come faster and shrinks when they don't come.";
  threads.initial = defaults.in_flight;
  threads.type = cli::ValueType::number(1, dns::InflightTable::kMaxCapacity);
  cli::Flag retry = dns_flag("retry", {}, "N", "attempts for each question, the first included");
  retry.initial = defaults.attempts;
  retry.type = cli::ValueType::number(1, 255);
  cli::Flag timeout = dns_flag("timeout", {}, "TIME", "wait for each attempt");
  timeout.unit = "seconds";
  timeout.initial = defaults.timeout;
  timeout.type = cli::ValueType::duration(1ms, 1h);
  cli::Flag rate =
      dns_flag("rate", {"rate-limit", "rl"}, "N[/s|/m]", "queries per second, retries included");
  rate.detail = "0 is unlimited. 4/m is four a minute.";
  rate.initial = defaults.rate;
  rate.type = cli::ValueType::rate();
  rate.common = true;
  return {resolver, threads, retry, timeout, rate};
}

Result<dns::ResolverOptions> resolver_options(const cli::Values& flags) {
  dns::ResolverOptions options;
  const std::string resolvers = flags.text("resolver");
  options.servers = resolvers.empty() ? M8_TRY(dns::system_servers(kSystemResolvers))
                                      : M8_TRY(dns::read_servers(resolvers));
  options.in_flight = flags.number<std::size_t>("threads");
  options.attempts = flags.number<int>("retry");
  options.timeout = flags.duration("timeout");
  options.rate = flags.rate("rate");
  return options;
}

}  // namespace m8::asmm8
