/// What `num8 scan` costs per request, and how much of it may go on at once: rows of `m8 bench
/// scan`.
///
/// The server of the first three is nginx with one worker that answers 404 to everything; that of
/// the others `m8 lab`. Every scan must end with all targets done, no error, and the findings that
/// its templates are made for.
#pragma once

#include "base/result.h"
#include "bench/bench.h"

namespace m8::bench {

/// CPU time per request, matching included, of 100 targets with 1,000 templates of all kinds;
/// connections used again; requests per second with num8 bound to one core.
Status measure_cost(const Context& context, Report& report);
/// CPU time per request and peak memory of one target with every template below \p folder.
Status measure_corpus(const Context& context, Report& report, const std::string& folder);
/// Peak memory of 2,000 targets with 500 templates, beside that of 200 targets.
Status measure_steady_memory(const Context& context, Report& report);
/// 15,000 requests on their way to 600 addresses, and how many of them failed.
Status measure_in_flight(const Context& context, Report& report);
/// Time against answers that take 50 ms with 25 requests at once for each host, beside the ideal.
Status measure_latency(const Context& context, Report& report);

}  // namespace m8::bench
