/// RecordWriter: takes records from loop threads and gives them to the sink on a thread of its own,
/// because writing to a pipe or a database may wait and a loop must not.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/sink.h"
#include "scan/job.h"

namespace m8::scan {

class RecordWriter {
 public:
  using Record = std::variant<model::Finding, model::Endpoint, model::Outcome, JobResult>;
  struct Counts {
    std::uint64_t findings = 0;  ///< given
    std::uint64_t lost = 0;      ///< records that the sink did not keep
    std::string first_error;     ///< of the sink
  };

  /// \p sink and \p jobs are borrowed; without \p jobs those are dropped. congested() from
  /// \p max_bytes waiting on.
  RecordWriter(model::Sink& sink, std::size_t max_bytes, JobSink* jobs = nullptr);
  ~RecordWriter();

  /// Never waits. Any thread. Ignored after close().
  void add(Record record);
  /// True while more waits than should: whoever produces must pause. This is the queue's bound, up
  /// to what is in flight.
  bool congested() const;
  /// Returns once everything that was added before is with the sink.
  void drain();
  /// Writes what waits, flushes the sink, ends the thread. Idempotent.
  void close();
  Counts counts() const;

 private:
  bool in_a_hurry() const;
  void work();
  void write(const Record& record);
  Status give(const Record& record);

  model::Sink& sink_;
  JobSink* const jobs_;
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable written_more_;
  /// Guarded by mutex_, as are the following. Changes places with the writer's own, so that both
  /// keep their memory.
  std::vector<Record> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t added_ = 0, written_ = 0;
  int draining_ = 0;  ///< calls of drain() that wait
  bool closed_ = false;
  Counts counts_;
  std::jthread thread_;
};

}  // namespace m8::scan
