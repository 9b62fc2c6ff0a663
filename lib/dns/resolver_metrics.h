/// The numbers of a resolver as metrics.
///
/// Used by the thread of that resolver.
#pragma once

#include "dns/resolver.h"

namespace m8::dns {

/// Adds what a resolver does to m8_dns_queries_total, to which all of a process count.
class ResolverMetrics {
 public:
  /// \p counts: all that the resolver did so far; what was added before is not added again.
  void add(const Resolver::Counts& counts);

 private:
  Resolver::Counts added_;
};

}  // namespace m8::dns
