#include "dns/resolver_metrics.h"

#include <array>

#include "metrics/metrics.h"

namespace m8::dns {
namespace {

using Counts = Resolver::Counts;

struct Event {
  const char* name;
  std::uint64_t Counts::*count;
};

constexpr std::array kEvents = {
    Event{"sent", &Counts::sent},           Event{"received", &Counts::received},
    Event{"retried", &Counts::retried},     Event{"timeout", &Counts::timeouts},
    Event{"truncated", &Counts::truncated}, Event{"stray", &Counts::stray},
    Event{"malformed", &Counts::malformed}, Event{"canary", &Counts::canaries},
    Event{"resolver_lied", &Counts::liars}, Event{"resolver_quarantined", &Counts::quarantines},
};

using Counters = std::array<metrics::Counter*, kEvents.size()>;

Counters make_counters() {
  Counters made{};
  for (std::size_t i = 0; i < made.size(); ++i)
    made[i] = &metrics::Registry::process().counter(metrics::kDnsQueries, {kEvents[i].name});
  return made;
}

}  // namespace

void ResolverMetrics::add(const Counts& counts) {
  static const Counters counters = make_counters();
  for (std::size_t i = 0; i < kEvents.size(); ++i) {
    const auto member = kEvents[i].count;
    if (counts.*member != added_.*member) counters[i]->add(counts.*member - added_.*member);
  }
  added_ = counts;
}

}  // namespace m8::dns
