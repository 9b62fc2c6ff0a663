#include "scan/job.h"

#include <algorithm>

#include "base/json.h"

namespace m8::scan {

std::size_t bytes_of(const JobResult& job) {
  return sizeof job + job.endpoint.size() + job.error.size();
}

std::string job_line(const JobResult& job) {
  json::Writer writer;
  writer.object().field("job", job.id).field("endpoint", job.endpoint);
  writer.key("output").object().field("findings", job.findings);
  writer.field("executions", job.executions);
  writer.field("skipped", static_cast<std::uint64_t>(job.skipped)).end();
  writer.field("error", job.error);
  writer.field("duration_ms", static_cast<double>(job.duration.count()) / 1000);
  writer.field("worker", job.worker).field("timestamp", rfc3339(job.ended)).end();
  return writer.take() + '\n';
}

int Places::take() {
  const auto free = std::find(taken_.begin(), taken_.end(), false);
  const auto place = static_cast<int>(free - taken_.begin());
  if (free == taken_.end()) {
    taken_.push_back(true);
  } else {
    *free = true;
  }
  return place;
}

void Places::give_back(int place) { taken_[static_cast<std::size_t>(place)] = false; }

}  // namespace m8::scan
