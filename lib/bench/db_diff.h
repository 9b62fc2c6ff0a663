/// The benchmark of `asmm8 host diff`: a million names against a million.
#pragma once

#include "bench/bench.h"

namespace m8::bench {

/// Adds rows for \p names stored names: time and memory of the program when few of them changed,
/// and when all did. Uses SQLite in the run's temporary directory.
Status measure_difference(const Context& context, std::size_t names, Report& report);

}  // namespace m8::bench
