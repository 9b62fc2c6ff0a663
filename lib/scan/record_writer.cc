#include "scan/record_writer.h"

#include <chrono>
#include <utility>

#include "model/size.h"

namespace m8::scan {
namespace {

/// How long the first record of a batch waits for others: to wake a thread for each of them costs
/// more than to write it.
constexpr std::chrono::milliseconds kGathering{50};

/// What a record costs while it waits.
std::size_t cost(const RecordWriter::Record& record) {
  return std::visit([](const auto& one) { return bytes_of(one); }, record);
}

}  // namespace

RecordWriter::RecordWriter(model::Sink& sink, std::size_t max_bytes, JobSink* jobs)
    : sink_(sink), jobs_(jobs), max_bytes_(max_bytes), thread_([this] { work(); }) {}

RecordWriter::~RecordWriter() { close(); }

void RecordWriter::add(Record record) {
  bool wakes = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    const bool first = waiting_.empty(), hurried = in_a_hurry();
    if (const auto* finding = std::get_if<model::Finding>(&record); finding && finding->matched)
      ++counts_.findings;
    ++added_;
    waiting_bytes_ += cost(record);
    waiting_.push_back(std::move(record));
    wakes = first || hurried != in_a_hurry();
  }
  if (wakes) filled_.notify_one();
}

/// True if what waits is to be written now. REQUIRES: mutex_ is held.
bool RecordWriter::in_a_hurry() const {
  return closed_ || draining_ > 0 || waiting_bytes_ >= max_bytes_ / 2;
}

bool RecordWriter::congested() const {
  std::lock_guard lock(mutex_);
  return waiting_bytes_ >= max_bytes_;
}

void RecordWriter::drain() {
  std::unique_lock lock(mutex_);
  const std::uint64_t all = added_;
  ++draining_;
  filled_.notify_one();
  written_more_.wait(lock, [&] { return written_ >= all; });
  --draining_;
}

RecordWriter::Counts RecordWriter::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

void RecordWriter::close() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
  }
  filled_.notify_one();
  thread_.join();
  if (const Status status = sink_.flush(); !status.ok()) {
    std::lock_guard lock(mutex_);
    if (counts_.first_error.empty()) counts_.first_error = status.error().message;
  }
}

void RecordWriter::work() {
  std::vector<Record> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;  // closed, and all is written
      filled_.wait_for(lock, kGathering, [&] { return in_a_hurry(); });
      batch.swap(waiting_);
    }
    for (Record& record : batch) {
      write(record);
      record = Record();  // its memory is accounted for no more
    }
    {
      const std::lock_guard lock(mutex_);
      written_ += batch.size();
    }
    written_more_.notify_all();
    batch.clear();
  }
}

void RecordWriter::write(const Record& record) {
  const Status status = give(record);
  std::lock_guard lock(mutex_);
  waiting_bytes_ -= cost(record);
  if (status.ok()) return;
  ++counts_.lost;
  if (counts_.first_error.empty()) counts_.first_error = status.error().message;
}

Status RecordWriter::give(const Record& record) {
  if (const auto* finding = std::get_if<model::Finding>(&record)) return sink_.finding(*finding);
  if (const auto* endpoint = std::get_if<model::Endpoint>(&record))
    return sink_.endpoint(*endpoint);
  if (const auto* job = std::get_if<JobResult>(&record)) return jobs_ ? jobs_->job(*job) : Status();
  return sink_.outcome(std::get<model::Outcome>(record));
}

}  // namespace m8::scan
