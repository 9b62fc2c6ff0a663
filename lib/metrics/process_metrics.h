/// The numbers of this process: memory, CPU, descriptors, threads, disk, as gauges and totals.
#pragma once

#include <cstdint>

#include "metrics/metrics.h"

namespace m8::metrics {

/// Bytes that this process may use: the least of \p limit (0: none), its control group's limit and
/// the machine's memory.
std::uint64_t available_memory(std::uint64_t limit);

/// Sets the metrics process_*, m8_threads, m8_disk_bytes_total, m8_memory_available_bytes,
/// m8_build_info{program} and num8_memory_usage_bytes for the components resident, anonymous, file
/// and heap, as they are now. \p limit as above. Some 100 microseconds.
void sample_process(Registry& registry, std::string_view program, std::uint64_t limit);

}  // namespace m8::metrics
