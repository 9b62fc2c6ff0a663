/// How many workers a queue asks for.
///
/// Threads: a plain function.
#pragma once

#include <cstdint>

namespace m8::queue {

struct Demand {
  std::uint64_t waiting = 0;  ///< messages in the queue
  double growth = 0;          ///< of that, messages/s; negative while it shrinks
  std::uint64_t workers = 0;  ///< that take from it now
  int concurrency = 1;        ///< jobs that one does at once
  int least = 0, most = 1;    ///< bounds of the answer
};

/// Enough that each place has a job: what waits and what one minute of growth brings, by jobs that
/// a worker does at once. While anything waits or comes, those that are there stay: a queue that is
/// short because they keep up with it still needs them.
int desired_workers(const Demand& demand);

}  // namespace m8::queue
