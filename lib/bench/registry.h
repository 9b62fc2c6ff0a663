/// The workloads of `m8 bench`: one file each, one line in registry.cc.
#pragma once

#include <span>
#include <vector>

#include "bench/bench.h"
#include "cli/flag.h"

namespace m8::bench {

struct Workload {
  const char* name;                   ///< "dns": `m8 bench dns`
  const char* brief;                  ///< one line, no full stop
  std::vector<cli::Flag> (*flags)();  ///< its own flags; null for none
  Result<Report> (*run)(const Context& context);
};

std::span<const Workload* const> workloads();

/// Flags of every workload: repeat, json.
std::vector<cli::Flag> bench_flags();

}  // namespace m8::bench
