/// JobTrace: --trace-jobs, a line for each finished target.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "fleet/records.h"
#include "output/stream.h"
#include "scan/job.h"

namespace m8::num8 {

class JobTrace final : public scan::JobSink {
 public:
  /// Creates the file \p path; nothing is traced if that is empty. Errors of Stream::create().
  Status open(const std::string& path) {
    if (!path.empty()) stream_ = M8_TRY(output::Stream::create(path));
    return {};
  }
  /// Of a job of a worker: they become records. Borrowed.
  void set_records(fleet::RecordLines& records) { records_ = &records; }
  /// Those of jobs have no number that means anything elsewhere: here they get one.
  Status job(const scan::JobResult& job) override {
    if (records_) return records_->target(job);
    if (!stream_) return {};
    scan::JobResult numbered = job;
    if (numbered.id == 0) numbered.id = ++number_;
    return stream_->write(scan::job_line(numbered));
  }
  /// Hands over what is left.
  Status end() { return stream_ ? stream_->flush() : Status(); }

 private:
  std::unique_ptr<output::Stream> stream_;
  fleet::RecordLines* records_ = nullptr;
  std::uint64_t number_ = 0;
};

}  // namespace m8::num8
