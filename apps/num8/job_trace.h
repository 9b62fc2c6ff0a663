/// JobTrace: --trace-jobs, a line for each finished target.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
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
  bool wanted() const { return stream_ != nullptr; }
  Status job(const scan::JobResult& job) override {
    return stream_ ? stream_->write(scan::job_line(job)) : Status();
  }
  /// Hands over what is left.
  Status end() { return stream_ ? stream_->flush() : Status(); }

 private:
  std::unique_ptr<output::Stream> stream_;
};

}  // namespace m8::num8
