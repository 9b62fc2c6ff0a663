/// The queries of SqlJobs, for `m8 db explain`.
#pragma once

#include <vector>

#include "store/queries.h"

namespace m8::store {

/// Every statement that SqlJobs runs: it is made to run them on a database that answers what leads
/// to all of them.
std::vector<Sample> job_samples();

}  // namespace m8::store
