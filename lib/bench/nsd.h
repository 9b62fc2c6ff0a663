/// NSD for benchmarks: an authoritative server with zones of ours, on a free loopback port.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/subprocess.h"
#include "bench/bench.h"
#include "net/address.h"

namespace m8::bench {

/// A running NSD; it is stopped when this goes.
struct Nsd {
  net::SocketAddress address;
  Child process;
};

/// Head of a zone file for \p apex: origin, SOA, NS.
std::string zone_head(const std::string& apex);

/// Starts NSD with \p zones (apex, text of the zone file) in the context's temporary directory and
/// waits until it answers. kNotFound says which package has it; kTimeout.
Result<Nsd> start_nsd(const Context& context,
                      const std::vector<std::pair<std::string, std::string>>& zones);

}  // namespace m8::bench
