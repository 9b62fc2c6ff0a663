// The flags of passive sources: subfinder's names where it has them.
#include "cache/settings.h"
#include "cli/make_flag.h"
#include "http/service_flags.h"
#include "passive.h"

namespace m8::asmm8 {
namespace {

constexpr const char* kSection = "Sources";

using namespace std::chrono_literals;

cli::Flag names_flag(std::string name, std::vector<std::string> aliases, std::string argument,
                     std::string brief) {
  cli::Flag flag = cli::valued(kSection, std::move(name), std::move(aliases), std::move(argument),
                               std::move(brief));
  flag.repeatable = true;
  return flag;
}

std::vector<cli::Flag> selection_flags() {
  cli::Flag only = names_flag("source", {"s", "sources"}, "NAME,...", "ask these sources only");
  only.detail =
      "Without it every source is asked that needs no key or has one. A source that was named and "
      "fails makes the exit code 4. `asmm8 sources` lists them.";
  only.common = true;
  cli::Flag exclude = names_flag("exclude-sources", {"es"}, "NAME,...", "never ask these sources");
  exclude.common = true;
  cli::Flag all =
      cli::valued(kSection, "all", {}, "", "ask every source that can be asked (the default)");
  cli::Flag recursive =
      cli::valued(kSection, "recursive-sources", {"recursive"}, "",
                  "ask only sources that can be asked about names below a domain");
  cli::Flag none = cli::valued(kSection, "no-passive", {}, "", "ask no sources");
  cli::Flag alone = cli::valued(kSection, "passive-only", {"no-resolve"}, "",
                                "ask sources only, resolve nothing");
  alone.detail =
      "Names are written as sources give them, once each, with \"proven\":false in their records. "
      "They are not kept in the store.";
  alone.common = true;
  cli::Flag collect = cli::valued(kSection, "collect-sources", {"cs"}, "",
                                  "wait for all sources, so that each name has all of its own");
  collect.detail = "Lines become NAME,[SOURCE,...].";
  return {only, exclude, all, recursive, none, alone, collect};
}

std::vector<cli::Flag> bound_flags() {
  cli::Flag rate = cli::valued(kSection, "source-rate", {"rate-limit", "rl"}, "N[/s|/m|/h]",
                               "requests per second to all sources together");
  rate.detail = "0 is unlimited. Each source's own rate holds in any case.";
  rate.initial = "0";
  rate.type = cli::ValueType::rate();
  cli::Flag timeout =
      cli::valued(kSection, "source-timeout", {"timeout"}, "TIME", "wait for one reply");
  timeout.unit = "seconds";
  timeout.initial = "30";
  timeout.type = cli::ValueType::duration(1ms, 1h);
  cli::Flag most =
      cli::valued(kSection, "max-time", {}, "TIME", "time for each source on one domain");
  most.detail = "A bare number is minutes. A source that was answering ends as partial then.";
  most.initial = "10";
  most.type = cli::ValueType::duration(1ms, 24h);
  cli::Flag cache = cli::valued(kSection, "source-cache", {}, "TIME",
                                "how long an answer is not asked for again");
  cache.detail =
      "The last good answer of each source about each domain is kept in m8/answers under "
      "$XDG_CACHE_HOME, or in what --cache-url names. A younger one than this is used instead of "
      "asking; an older one, up to 30 "
      "days, stands in for a source that fails. 0 keeps and uses nothing.";
  cache.initial = "6h";
  cache.type = cli::ValueType::duration(0ms, 24h * 30);
  cli::Flag failed = cli::valued(kSection, "max-failed-sources", {}, "PERCENT",
                                 "with more failed sources than this the exit code is 4");
  failed.initial = "50";
  failed.type = cli::ValueType::number(0, 100);
  cli::Flag proxy =
      cli::valued(kSection, "source-proxy", {"proxy"}, "URL", "ask sources through this proxy");
  proxy.secret = true;
  proxy.type = cli::ValueType::url();
  return {rate, timeout, most, cache, failed, proxy};
}

}  // namespace

std::vector<cli::Flag> source_settings_flags() {
  cli::Flag config =
      cli::valued(kSection, "provider-config", {"pc"}, "FILE", "keys of sources (YAML)");
  config.detail =
      "A map of a source's name to its keys, as subfinder's provider-config.yaml, or to {keys: "
      "[...], url: URL, rate: N/m}. A key $NAME is the variable's value. Several keys are used in "
      "turn. Without the flag m8/sources.yaml under $XDG_CONFIG_HOME is read if it exists. "
      "M8_SOURCE_<NAME>_KEY holds keys too, separated by commas, and goes first.";
  config.complete = cli::Complete::kFile;
  config.common = true;
  cli::Flag urls =
      names_flag("source-url", {}, "NAME=URL,...", "base URL in place of a source's own");
  cli::Flag rates =
      names_flag("source-rates", {"rls"}, "NAME=N[/s|/m|/h],...", "rates in place of sources' own");
  rates.detail = "4/m is four a minute, 0 is unlimited.";
  return {config, urls, rates};
}

std::vector<cli::Flag> passive_flags() {
  std::vector<cli::Flag> flags;
  for (auto more : {selection_flags(), source_settings_flags(), bound_flags(),
                    cache::cache_settings(), http::service_flags()})
    flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

}  // namespace m8::asmm8
