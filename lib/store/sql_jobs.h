/// SqlJobs: the jobs of runs over any SQL database.
#pragma once

#include "store/jobs.h"
#include "store/query.h"
#include "store/store.h"
#include "store/together.h"

namespace m8::store {

class SqlJobs final : public Jobs {
 public:
  /// \p store is borrowed.
  explicit SqlJobs(Store& store)
      : sql_(store.statements()), together_(dynamic_cast<Together*>(&store)) {}
  /// Both are borrowed.
  SqlJobs(Statements& sql, Together& together) : sql_(sql), together_(&together) {}

  Status begin(std::int64_t run, double rate) override;
  Status cancel(std::int64_t run) override;
  Result<std::vector<std::int64_t>> cancelled(std::span<const std::int64_t> runs) override;
  Status end(std::int64_t run) override;
  Result<JobCounts> counts(std::int64_t run) override;
  Status add(std::int64_t run, std::span<const NewJob> jobs) override;
  Result<std::vector<NewJob>> taken(std::int64_t run) override;
  Result<std::vector<std::int64_t>> forgotten(std::int64_t run,
                                              std::span<const std::int64_t> numbers) override;
  Result<JobVerdict> start(const JobStart& start) override;
  Status finish(const JobKey& key, const std::string& worker, const NextPart& parts) override;
  Result<bool> fail(const JobKey& key, const std::string& worker, const std::string& reason,
                    bool counts, const JobLimits& limits) override;
  Status give_back(const JobKey& key, const std::string& worker) override;
  Result<JobVerdict> refuse(const JobStart& start, const std::string& reason) override;
  Status set_progress(const std::string& worker, std::span<const JobProgress> jobs) override;
  Result<std::vector<JobProgress>> progress(std::int64_t run) override;
  Result<std::vector<EndedJob>> ended(std::int64_t run, std::size_t limit) override;
  Status results(const JobKey& key, const std::function<Status(std::string_view)>& each) override;
  Status take(std::int64_t run, std::span<const std::int64_t> numbers) override;
  Status add_worker(const WorkerRow& worker) override;
  Status beat(const std::string& worker, int running) override;
  Result<std::vector<WorkerRow>> workers() override;
  Status remove_worker(const std::string& worker, std::int64_t beat) override;
  Result<bool> has_bundle(const std::string& hash, WallTime now) override;
  Status add_bundle(const std::string& hash, std::string_view archive, WallTime now,
                    std::chrono::hours keep) override;
  Result<std::string> bundle(const std::string& hash) override;

 private:
  Result<std::int64_t> change(const Query& query);
  Result<std::vector<std::int64_t>> numbers(const Query& query);

  Status together(const char* what, const Together::Work& work);

  Statements& sql_;
  Together* const together_;  ///< null: a store that can't
};

}  // namespace m8::store
