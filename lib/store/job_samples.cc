#include "store/job_samples.h"

#include <algorithm>
#include <string>
#include <utility>

#include "store/sql_jobs.h"

namespace m8::store {
namespace {

/// Answers all that is read with one row, and all that is written with one row changed; keeps what
/// it was asked.
class Recorder final : public Statements, public Together {
 public:
  using Numbers = std::vector<std::int64_t>;

  /// What the next statements are for, and what they find: whole numbers by column, 0 behind them;
  /// without any there is no row.
  void about(std::string name, Numbers found, std::int64_t changed = 1) {
    name_ = std::move(name);
    found_ = std::move(found);
    changed_ = changed;
  }

  Result<std::int64_t> run(const Query& query, const EachRow& each) override {
    const auto known = [&query](const Sample& sample) { return sample.query.sql == query.sql; };
    if (std::none_of(all.begin(), all.end(), known)) {
      // Empty tables would be read whole.
      all.push_back({name_, query, false, false, "SET LOCAL enable_seqscan = off"});
    }
    if (query.sql.starts_with("SELECT") && !found_.empty()) M8_TRY(each(Found(found_)));
    return changed_;
  }
  Status stream(const Query& query, const EachRow& each) override {
    M8_TRY(run(query, each));
    return {};
  }
  Status compact() override { return {}; }
  void wrote() override {}
  Status together(const char*, const Work& work) override { return work(*this); }

  std::vector<Sample> all;

 private:
  class Found final : public Row {
   public:
    explicit Found(const Numbers& numbers) : numbers_(numbers) {}
    int columns() const override { return static_cast<int>(numbers_.size()); }
    std::int64_t integer(int column) const override {
      const auto at = static_cast<std::size_t>(column);
      return at < numbers_.size() ? numbers_[at] : 0;
    }
    std::string_view text(int) const override { return "x"; }

   private:
    const Numbers& numbers_;
  };

  std::string name_;
  Numbers found_;
  std::int64_t changed_ = 1;
};

void run_runs(Recorder& recorder, SqlJobs& jobs, const JobKey& key) {
  const std::int64_t run = key.run;
  recorder.about("the work of a run", {1});
  (void)jobs.begin(run, 1);
  (void)jobs.cancel(run);
  (void)jobs.cancelled({&run, 1});
  (void)jobs.counts(run);
  (void)jobs.taken(run);
  (void)jobs.progress(run);
  (void)jobs.ended(run, 100);
  (void)jobs.take(run, {&key.number, 1});
  (void)jobs.end(run);
}

void run_start(Recorder& recorder, SqlJobs& jobs, const JobKey& key) {
  const JobStart start{key, "x", "x", {7}, true};
  recorder.about("start a job", {});
  (void)jobs.start(start);
  // As select_job() has them: attempts are the third, the rate the eighth.
  recorder.about("start a job", {0, 1, 1, 0, 1, 0, 0, 1000, 0, 1, 1, 0, 0, 0});
  (void)jobs.start(start);
  recorder.about("give a job up", {0, 1, 99, 0, 1, 0, 0, 1000, 0, 1, 1, 0, 0, 0});
  (void)jobs.start(start);
  recorder.about("refuse a job", {1});
  (void)jobs.refuse(start, "x");
}

void run_jobs(Recorder& recorder, SqlJobs& jobs, const JobKey& key) {
  const NewJob job{key.number, "x"};
  const JobProgress progress{key, 1};
  const auto part = [](bool first) { return Result<std::string>(first ? "x" : ""); };
  recorder.about("jobs of a run", {1});
  (void)jobs.add(key.run, {&job, 1});
  (void)jobs.forgotten(key.run, {&key.number, 1});
  (void)jobs.set_progress("x", {&progress, 1});
  (void)jobs.results(key, [](std::string_view) { return Status(); });
  recorder.about("end a job", {1});
  (void)jobs.finish(key, "x", part);
  (void)jobs.fail(key, "x", "x", true, {});
  (void)jobs.give_back(key, "x");
  recorder.about("end a job", {1}, 0);
  (void)jobs.finish(key, "x", part);
}

void run_workers(Recorder& recorder, SqlJobs& jobs) {
  recorder.about("workers", {1});
  (void)jobs.add_worker({"x"});
  (void)jobs.beat("x", 0);
  (void)jobs.workers();
  (void)jobs.remove_worker("x", 1);
  recorder.about("archives of templates", {1});
  (void)jobs.has_bundle("x", {});
  (void)jobs.add_bundle("x", "x", {}, std::chrono::hours(1));
  (void)jobs.bundle("x");
}

}  // namespace

std::vector<Sample> job_samples() {
  Recorder recorder;
  SqlJobs jobs(recorder, recorder);
  const JobKey key{1, 1};
  run_runs(recorder, jobs, key);
  run_start(recorder, jobs, key);
  run_jobs(recorder, jobs, key);
  run_workers(recorder, jobs);
  return std::move(recorder.all);
}

}  // namespace m8::store
