#include "dns_flags.h"

#include <fmt/format.h>

#include "cli/make_flag.h"
#include "dns/server_list.h"

namespace m8::asmm8 {
namespace {

constexpr const char* kSection = "Resolvers";

using namespace std::chrono_literals;

constexpr const char* kSystemResolvers = "/etc/resolv.conf";

}  // namespace

std::vector<cli::Flag> dns_flags(const DnsDefaults& defaults) {
  cli::Flag resolver =
      cli::valued(kSection, "resolver", {"r", "rL"}, "FILE|IP[:PORT],...", "resolvers to ask");
  resolver.detail =
      "A file with one resolver a line, or resolvers separated by commas: ip[:port], "
      "tls://host[:port] (DNS over TLS), https://host/path (DNS over HTTPS). Lines of a file that "
      "are none are named and passed over. Without it the system's resolvers are asked. Several "
      "are checked before and while they are asked: see --no-canaries.";
  resolver.complete = cli::Complete::kFile;
  resolver.literal = true;
  resolver.common = true;
  cli::Flag threads = cli::valued(kSection, "threads", {"t"}, "N", "queries in flight at most");
  threads.detail =
      "The bound over all resolvers. Each resolver has a window of its own below it, "
      "which grows while that makes answers come faster and shrinks when they don't come.";
  threads.initial = defaults.in_flight;
  threads.type = cli::ValueType::number(1, dns::InflightTable::kMaxCapacity);
  cli::Flag retry =
      cli::valued(kSection, "retry", {}, "N", "attempts for each question, the first included");
  retry.initial = defaults.attempts;
  retry.type = cli::ValueType::number(1, 255);
  cli::Flag timeout =
      cli::valued(kSection, defaults.timeout_flag, {}, "TIME", "wait for each attempt");
  timeout.unit = "seconds";
  timeout.initial = defaults.timeout;
  timeout.type = cli::ValueType::duration(1ms, 1h);
  cli::Flag rate = cli::valued(kSection, "rate", {"rate-limit", "rl"}, "N[/s|/m]",
                               "queries per second, retries included");
  rate.detail = "0 is unlimited. 4/m is four a minute.";
  rate.initial = defaults.rate;
  rate.type = cli::ValueType::rate();
  if (!defaults.short_rate) rate.aliases.clear();
  rate.common = true;
  cli::Flag zone_rate = cli::valued(kSection, "rate-zone", {}, "N[/s|/m]",
                                    "queries per second for each registrable domain");
  zone_rate.detail = "Names of other domains are not held up by it. 0 is unlimited.";
  zone_rate.initial = "0";
  zone_rate.type = cli::ValueType::rate();
  cli::Flag trusted = cli::valued(kSection, "trusted", {"rt"}, "FILE|IP[:PORT],...",
                                  "resolvers that confirm what is found");
  trusted.detail =
      "As --resolver. What another resolver finds is asked of one of these, and their answer is "
      "the one that counts; a denial is not asked again.";
  trusted.complete = cli::Complete::kFile;
  trusted.literal = true;
  cli::Flag no_canaries =
      cli::valued(kSection, "no-canaries", {}, "", "don't check whether the resolvers of -r lie");
  no_canaries.detail =
      "Without it each of several resolvers has to answer 32 questions for names under invalid. "
      "before it is asked anything, and further ones in between, also for names that three "
      "resolvers agree on. Its answers are given out when the next such question came back honest. "
      "Who is caught lying is not asked any more, and what it said since is asked elsewhere.";
  cli::Flag mix_case =
      cli::valued(kSection, "mix-case", {}, "", "random case in queries, against forgers");
  mix_case.detail = "An answer counts only if it repeats the case; a few servers don't.";
  cli::Flag more_ca = cli::valued(kSection, "resolver-ca", {}, "FILE",
                                  "further certificates to trust for tls:// and https://");
  more_ca.complete = cli::Complete::kFile;
  return {resolver, trusted,   threads,     retry,    timeout,
          rate,     zone_rate, no_canaries, mix_case, more_ca};
}

std::string plan_of(const dns::ResolverOptions& options) {
  std::string plan;
  if (!options.servers.empty())
    plan += fmt::format("resolvers  {}\n", dns::describe(options.servers));
  if (!options.trusted.empty())
    plan += fmt::format("trusted    {}\n", dns::describe(options.trusted));
  return plan + fmt::format("rate       {}\n", options.rate.unlimited()
                                                   ? "unlimited"
                                                   : fmt::format("{}/s", options.rate.per_second));
}

Result<dns::ResolverOptions> resolver_options(const cli::Values& flags,
                                              const DnsDefaults& defaults) {
  dns::ResolverOptions options;
  const std::string resolvers = flags.text("resolver");
  options.servers = resolvers.empty() ? M8_TRY(dns::system_servers(kSystemResolvers))
                                      : M8_TRY(dns::read_servers(resolvers));
  options.in_flight = flags.number<std::size_t>("threads");
  options.attempts = flags.number<int>("retry");
  options.timeout = flags.duration(defaults.timeout_flag);
  options.rate = flags.rate("rate");
  options.zone_rate = flags.rate("rate-zone");
  if (const std::string trusted = flags.text("trusted"); !trusted.empty())
    options.trusted = M8_TRY(dns::read_servers(trusted));
  // The system's resolvers are the user's own, and trusted ones alone need no others.
  if (resolvers.empty() && !options.trusted.empty()) options.servers.clear();
  options.check = !resolvers.empty() && !flags.on("no-canaries");
  options.mix_case = flags.on("mix-case");
  options.more_ca = flags.text("resolver-ca");
  return options;
}

}  // namespace m8::asmm8
