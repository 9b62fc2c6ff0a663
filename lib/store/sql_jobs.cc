#include "store/sql_jobs.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/hash.h"
#include "store/columns.h"

namespace m8::store {
namespace {

constexpr std::size_t kNumbersAtOnce = 256;
constexpr std::size_t kPartBytes = 384 << 10;

const EachRow kNoRows = [](const Row&) { return Status(); };

Result<std::int64_t> change_in(Statements& sql, Query query) { return sql.run(query, kNoRows); }

/// Calls \p use with at most kNumbersAtOnce at a time, their count a power of two: the last one is
/// there several times, so that few different statements come of all lengths.
template <typename Use>
Status by_lists(std::span<const std::int64_t> all, Use use) {
  for (std::size_t at = 0; at < all.size(); at += kNumbersAtOnce) {
    const auto some = all.subspan(at, std::min(kNumbersAtOnce, all.size() - at));
    std::vector<Value> list(some.begin(), some.end());
    while ((list.size() & (list.size() - 1)) != 0) list.push_back(list.back());
    M8_TRY(use(std::move(list)));
  }
  return {};
}

/// "$3, $4": places for \p values, which are added to the query.
void add_list(Query& query, std::vector<Value> values) {
  const char* before = "";
  for (Value& value : values) {
    query.values.push_back(std::move(value));
    query.sql += fmt::format("{}${}", before, query.values.size());
    before = ", ";
  }
}

constexpr const char* kAlive = "(SELECT id FROM fleet_worker)";

Query select_ended(std::int64_t run, std::size_t limit) {
  return {
      "SELECT number, state, reason, attempts FROM fleet_job WHERE run = $1 AND state IN (2, 3)"
      " ORDER BY number LIMIT $2",
      {run, static_cast<std::int64_t>(limit)}};
}

Query select_job(const JobStart& start) {
  return {
      "SELECT j.digest, j.state, j.attempts, j.deaths, j.alone, j.reason, r.state, r.rate,"
      " (SELECT count(*) FROM fleet_worker w WHERE w.id = j.worker),"
      " (SELECT count(*) FROM fleet_worker w WHERE w.id = $1),"
      " (SELECT CAST(coalesce(sum(slots), 1) AS bigint) FROM fleet_worker), j.worker, j.losses, "
      "r.losses"
      " FROM fleet_run r LEFT JOIN fleet_job j ON j.run = r.run AND j.number = $2"
      " WHERE r.run = $3",
      {start.worker, start.key.number, start.key.run}};
}

Query select_used(const JobKey& key) {
  return {fmt::format("SELECT CAST(coalesce(sum(share), 0) AS bigint) FROM fleet_job WHERE run = "
                      "$1 AND state = 1"
                      " AND number <> $2 AND worker IN {}",
                      kAlive),
          {key.run, key.number}};
}

Query select_results(const JobKey& key) {
  return {"SELECT lines FROM fleet_result WHERE run = $1 AND number = $2 ORDER BY part",
          {key.run, key.number}};
}

Query select_progress(std::int64_t run) {
  return {"SELECT number, progress FROM fleet_job WHERE run = $1 AND state = 1", {run}};
}

/// What start() finds.
struct Found {
  bool run = false;
  std::string digest, reason, worker;
  JobState state = JobState::kWaiting;
  std::int64_t attempts = 0, deaths = 0, alone = 0;
  std::int64_t run_state = 0, rate = 0, slots = 1;
  std::int64_t losses_before = 0, losses = 0;
  bool owner_lives = false, asker_lives = false;
};

/// One start, inside a transaction.
class Start {
 public:
  Start(Statements& sql, const JobStart& start) : sql_(sql), start_(start) {}

  /// kExists: not now, and nothing is to be kept.
  Result<JobVerdict> decide() {
    // Who takes a share of a rate holds the run's row, so that shares add up.
    M8_TRY(change_in(sql_, {"UPDATE fleet_run SET turns = turns + 1 WHERE run = $1 AND rate > 0",
                            {start_.key.run}}));
    M8_TRY(look());
    if (!found_.run && !M8_TRY(run_is_known())) return verdict(JobVerdict::What::kUnknown);
    if (!found_.run || found_.run_state != 0)
      return verdict(JobVerdict::What::kOver, found_.run_state != 0);
    if (found_.digest != start_.digest) return verdict(JobVerdict::What::kUnknown);
    switch (found_.state) {
      case JobState::kDone:
      case JobState::kTaken:
        return verdict(JobVerdict::What::kOver);
      case JobState::kGivenUp:
        return verdict(JobVerdict::What::kGivenUp);
      case JobState::kStarted:
        if (found_.owner_lives) return busy();
        break;
      case JobState::kWaiting:
        break;
    }
    if (!found_.asker_lives) return busy();
    return claim();
  }

 private:
  Status look() {
    M8_TRY(sql_.run(select_job(start_), [&](const Row& row) {
      found_.run = true;
      found_.digest = row.text(0);
      found_.state = static_cast<JobState>(row.integer(1));
      found_.attempts = row.integer(2);
      found_.deaths = row.integer(3);
      found_.alone = row.integer(4);
      found_.reason = row.text(5);
      found_.run_state = row.integer(6);
      found_.rate = row.integer(7);
      found_.owner_lives = row.integer(8) > 0;
      found_.asker_lives = row.integer(9) > 0;
      found_.slots = std::max<std::int64_t>(row.integer(10), 1);
      found_.worker = row.text(11);
      found_.losses_before = row.integer(12);
      found_.losses = row.integer(13);
      return Status();
    }));
    return {};
  }

  /// It is over then; else it is of another store.
  Result<bool> run_is_known() {
    bool known = false;
    M8_TRY(sql_.run({"SELECT 1 FROM run WHERE id = $1", {start_.key.run}}, [&](const Row&) {
      known = true;
      return Status();
    }));
    return known;
  }

  JobVerdict verdict(JobVerdict::What what, bool cancelled = false) const {
    JobVerdict out;
    out.what = what;
    out.reason = found_.reason;
    out.cancelled = cancelled;
    return out;
  }

  static Error busy() { return {ErrorCode::kExists, "busy"}; }

  Result<JobVerdict> claim() {
    const bool orphan = found_.state == JobState::kStarted;
    if (orphan) M8_TRY(count_loss());
    if (found_.deaths >= start_.limits.deaths || found_.attempts >= start_.limits.attempts)
      return give_up();
    // The first time it may have been anybody's fault.
    const bool suspect = found_.alone == 2 || (orphan && found_.alone == 0 && found_.attempts > 1);
    if (suspect && !start_.alone) return verdict(JobVerdict::What::kWantsAlone);
    const std::int64_t share = M8_TRY(take_share());
    M8_TRY(take_hosts());
    const std::int64_t alone = start_.alone ? 1 : 0;
    const auto changed = M8_TRY(change_in(
        sql_, {"UPDATE fleet_job SET state = 1, attempts = attempts + 1,"
               " deaths = $1, worker = $2, alone = $3, share = $4, losses = $5, progress = 0"
               " WHERE run = $6 AND number = $7 AND attempts = $8 AND state = $9"
               " AND worker = $10",
               {found_.deaths, start_.worker, alone, share, found_.losses, start_.key.run,
                start_.key.number, found_.attempts, static_cast<std::int64_t>(found_.state),
                found_.worker}}));
    if (changed == 0) return busy();
    JobVerdict out = verdict(JobVerdict::What::kStarted);
    out.attempt = static_cast<int>(found_.attempts) + 1;
    out.share = share;
    return out;
  }

  /// Its worker died. It is to blame if it was alone there, and no other job of the run lost its
  /// worker meanwhile: where many die, the cause is another.
  Status count_loss() {
    if (found_.alone == 1 && found_.losses == found_.losses_before) ++found_.deaths;
    ++found_.losses;
    M8_TRY(change_in(
        sql_, {"UPDATE fleet_run SET losses = losses + 1 WHERE run = $1", {start_.key.run}}));
    return {};
  }

  Result<JobVerdict> give_up() {
    found_.reason =
        found_.deaths >= start_.limits.deaths
            ? fmt::format("its worker died {} times while it ran alone", found_.deaths)
            : fmt::format("started {} times and never ended: {}", found_.attempts, found_.reason);
    M8_TRY(change_in(sql_, {"UPDATE fleet_job SET state = 3, deaths = $1, reason = $2"
                            " WHERE run = $3 AND number = $4 AND state IN (0, 1)",
                            {found_.deaths, found_.reason, start_.key.run, start_.key.number}}));
    return verdict(JobVerdict::What::kGivenUp);
  }

  /// What the run's rate has left, at most one place's part of it; 0 if it has no limit.
  Result<std::int64_t> take_share() {
    if (found_.rate == 0) return std::int64_t{0};
    std::int64_t used = 0;
    M8_TRY(sql_.run(select_used(start_.key), [&](const Row& row) {
      used = row.integer(0);
      return Status();
    }));
    const std::int64_t fair = std::max<std::int64_t>(found_.rate / found_.slots, 1);
    const std::int64_t left = std::min(fair, found_.rate - used);
    if (left <= 0 || left < fair / 2) return busy();
    return left;
  }

  Status take_hosts() {
    Status freed = by_lists(start_.hosts, [&](std::vector<Value> hosts) -> Status {
      Query stale{
          fmt::format("DELETE FROM fleet_host WHERE worker NOT IN {} AND host IN (", kAlive), {}};
      add_list(stale, std::move(hosts));
      stale.sql += ")";
      M8_TRY(change_in(sql_, std::move(stale)));
      return {};
    });
    M8_TRY(std::move(freed));
    std::int64_t got = 0;
    Status taken = by_lists(start_.hosts, [&](std::vector<Value> hosts) -> Status {
      Query insert{"INSERT INTO fleet_host (run, number, worker, host) VALUES ",
                   {start_.key.run, start_.key.number, start_.worker}};
      const char* before = "";
      for (Value& host : hosts) {
        insert.values.push_back(std::move(host));
        insert.sql += fmt::format("{}($1, $2, $3, ${})", before, insert.values.size());
        before = ", ";
      }
      insert.sql += " ON CONFLICT (host) DO NOTHING";
      got += M8_TRY(change_in(sql_, std::move(insert)));
      return {};
    });
    M8_TRY(std::move(taken));
    if (got != static_cast<std::int64_t>(start_.hosts.size())) return busy();
    return {};
  }

  Statements& sql_;
  const JobStart& start_;
  Found found_;
};

Status free_hosts(Statements& sql, const JobKey& key, const std::string& worker) {
  M8_TRY(change_in(sql, {"DELETE FROM fleet_host WHERE run = $1 AND number = $2 AND worker = $3",
                         {key.run, key.number, worker}}));
  return {};
}

Error not_ours(const JobKey& key) {
  return {ErrorCode::kNotFound,
          fmt::format("job {} of run {} is not this worker's any more", key.number, key.run)};
}

Status write_parts(Statements& sql, const JobKey& key, const Jobs::NextPart& parts) {
  M8_TRY(change_in(
      sql, {"DELETE FROM fleet_result WHERE run = $1 AND number = $2", {key.run, key.number}}));
  for (std::int64_t part = 0;; ++part) {
    std::string lines = M8_TRY(parts(part == 0));
    if (lines.empty()) return {};
    M8_TRY(change_in(sql,
                     {"INSERT INTO fleet_result (run, number, part, lines) VALUES ($1, $2, $3, $4)",
                      {key.run, key.number, part, std::move(lines)}}));
  }
}

}  // namespace

Result<std::int64_t> SqlJobs::change(const Query& query) {
  auto changed = sql_.run(query, kNoRows);
  sql_.wrote();
  return changed;
}

Status SqlJobs::together(const char* what, const Together::Work& work) {
  if (together_) return together_->together(what, work);
  return Error{ErrorCode::kUnsupported, "this store knows no jobs"};
}

Result<std::vector<std::int64_t>> SqlJobs::numbers(const Query& query) {
  std::vector<std::int64_t> out;
  M8_TRY(sql_.stream(query, [&](const Row& row) {
    out.push_back(row.integer(0));
    return Status();
  }));
  return out;
}

// ---- runs

Status SqlJobs::begin(std::int64_t run, double rate) {
  // At least one thousandth: 0 is no limit.
  const auto thousandths = rate <= 0 ? 0 : std::max<std::int64_t>(std::llround(rate * 1000), 1);
  M8_TRY(
      change({"INSERT INTO fleet_run (run, rate) VALUES ($1, $2)"
              " ON CONFLICT (run) DO UPDATE SET state = 0, rate = excluded.rate",
              {run, thousandths}}));
  return {};
}

Status SqlJobs::cancel(std::int64_t run) {
  const auto changed = M8_TRY(change({"UPDATE fleet_run SET state = 1 WHERE run = $1", {run}}));
  if (changed > 0) return {};
  return Error{ErrorCode::kNotFound, fmt::format("run {}: not under way among workers", run)};
}

Result<std::vector<std::int64_t>> SqlJobs::cancelled(std::span<const std::int64_t> runs) {
  std::vector<std::int64_t> go_on, out;
  Status asked = by_lists(runs, [&](std::vector<Value> list) -> Status {
    Query query{"SELECT run FROM fleet_run WHERE state = 0 AND run IN (", {}};
    add_list(query, std::move(list));
    query.sql += ")";
    for (const auto run : M8_TRY(numbers(query))) go_on.push_back(run);
    return {};
  });
  M8_TRY(std::move(asked));
  for (const auto run : runs)
    if (std::find(go_on.begin(), go_on.end(), run) == go_on.end()) out.push_back(run);
  return out;
}

Status SqlJobs::end(std::int64_t run) {
  return together("end of the jobs of a run", [&](Statements& sql) -> Status {
    for (const char* table : {"fleet_run", "fleet_result", "fleet_host"})
      M8_TRY(change_in(sql, {fmt::format("DELETE FROM {} WHERE run = $1", table), {run}}));
    M8_TRY(change_in(sql, {"DELETE FROM fleet_job WHERE run = $1 AND state <> 3", {run}}));
    return {};
  });
}

Result<JobCounts> SqlJobs::counts(std::int64_t run) {
  JobCounts counts;
  std::uint64_t* by_state[] = {&counts.waiting, &counts.started, &counts.done, &counts.given_up,
                               &counts.taken};
  M8_TRY(sql_.run({"SELECT state, count(*) FROM fleet_job WHERE run = $1 GROUP BY state", {run}},
                  [&](const Row& row) {
                    const auto state = static_cast<std::size_t>(row.integer(0));
                    if (state < std::size(by_state))
                      *by_state[state] = static_cast<std::uint64_t>(row.integer(1));
                    return Status();
                  }));
  return counts;
}

// ---- jobs

Status SqlJobs::add(std::int64_t run, std::span<const NewJob> jobs) {
  return together("new jobs", [&](Statements& sql) -> Status {
    for (const NewJob& job : jobs) {
      M8_TRY(change_in(sql, {"INSERT INTO fleet_job (run, number, digest) VALUES ($1, $2, $3)"
                             " ON CONFLICT (run, number) DO UPDATE SET digest = excluded.digest,"
                             " state = 0, attempts = 0, deaths = 0, alone = 0"
                             " WHERE fleet_job.state = 3 OR fleet_job.digest <> excluded.digest",
                             {run, job.number, job.digest}}));
    }
    return {};
  });
}

Result<std::vector<NewJob>> SqlJobs::taken(std::int64_t run) {
  std::vector<NewJob> out;
  M8_TRY(sql_.stream({"SELECT number, digest FROM fleet_job WHERE run = $1 AND state = 4", {run}},
                     [&](const Row& row) {
                       out.push_back({row.integer(0), std::string(row.text(1))});
                       return Status();
                     }));
  return out;
}

Result<std::vector<std::int64_t>> SqlJobs::forgotten(std::int64_t run,
                                                     std::span<const std::int64_t> some) {
  std::vector<std::int64_t> out;
  Status asked = by_lists(some, [&](std::vector<Value> list) -> Status {
    Query query{fmt::format("SELECT number FROM fleet_job WHERE run = $1 AND state IN (0, 1)"
                            " AND worker NOT IN {} AND number IN (",
                            kAlive),
                {run}};
    add_list(query, std::move(list));
    query.sql += ")";
    for (const auto number : M8_TRY(numbers(query))) out.push_back(number);
    return {};
  });
  M8_TRY(std::move(asked));
  return out;
}

Result<JobVerdict> SqlJobs::start(const JobStart& start) {
  JobVerdict verdict;
  const Status status = together("start of a job", [&](Statements& sql) -> Status {
    verdict = M8_TRY(Start(sql, start).decide());
    return {};
  });
  if (status.ok()) return verdict;
  if (status.error().code != ErrorCode::kExists) return status.error();
  verdict.what = JobVerdict::What::kBusy;
  return verdict;
}

Status SqlJobs::finish(const JobKey& key, const std::string& worker, const NextPart& parts) {
  return together("results of a job", [&](Statements& sql) -> Status {
    const auto changed =
        M8_TRY(change_in(sql, {"UPDATE fleet_job SET state = 2, share = 0, reason = ''"
                               " WHERE run = $1 AND number = $2 AND state = 1 AND worker = $3",
                               {key.run, key.number, worker}}));
    if (changed == 0) {
      bool before = false;
      M8_TRY(sql.run({"SELECT 1 FROM fleet_job WHERE run = $1 AND number = $2 AND worker = $3"
                      " AND state IN (2, 4)",
                      {key.run, key.number, worker}},
                     [&](const Row&) {
                       before = true;
                       return Status();
                     }));
      return before ? Status() : Status(not_ours(key));
    }
    M8_TRY(write_parts(sql, key, parts));
    return free_hosts(sql, key, worker);
  });
}

Result<bool> SqlJobs::fail(const JobKey& key, const std::string& worker, const std::string& reason,
                           bool counts, const JobLimits& limits) {
  bool given_up = false;
  Status status = together("failure of a job", [&](Statements& sql) -> Status {
    given_up = false;
    const std::int64_t death = counts ? 1 : 0;
    const auto changed = M8_TRY(
        change_in(sql, {"UPDATE fleet_job SET deaths = deaths + $1, share = 0, reason = $2,"
                        " alone = CASE WHEN $1 = 1 THEN alone ELSE 2 END, worker = '',"
                        " state = CASE WHEN deaths + $1 >= $3 OR attempts >= $4 THEN 3 ELSE 0 END"
                        " WHERE run = $5 AND number = $6 AND state = 1 AND worker = $7",
                        {death, reason, std::int64_t{limits.deaths}, std::int64_t{limits.attempts},
                         key.run, key.number, worker}}));
    if (changed == 0) return not_ours(key);
    M8_TRY(free_hosts(sql, key, worker));
    M8_TRY(sql.run(
        {"SELECT state FROM fleet_job WHERE run = $1 AND number = $2", {key.run, key.number}},
        [&](const Row& row) {
          given_up = row.integer(0) == 3;
          return Status();
        }));
    return {};
  });
  M8_TRY(std::move(status));
  return given_up;
}

Status SqlJobs::give_back(const JobKey& key, const std::string& worker) {
  return together("return of a job", [&](Statements& sql) -> Status {
    M8_TRY(change_in(sql, {"UPDATE fleet_job SET attempts = attempts - state, state = 0, share = 0,"
                           " worker = '' WHERE run = $1 AND number = $2 AND state IN (0, 1)"
                           " AND worker = $3",
                           {key.run, key.number, worker}}));
    return free_hosts(sql, key, worker);
  });
}

Result<JobVerdict> SqlJobs::refuse(const JobStart& start, const std::string& reason) {
  JobVerdict verdict;
  const JobKey& key = start.key;
  Status status = together("refusal of a job", [&](Statements& sql) -> Status {
    verdict = {};
    M8_TRY(change_in(sql, {"UPDATE fleet_job SET attempts = attempts + 1, reason = $1, worker = $2,"
                           " state = CASE WHEN attempts + 1 >= $3 THEN 3 ELSE 0 END"
                           " WHERE run = $4 AND number = $5 AND digest = $6 AND state = 0",
                           {reason, start.worker, std::int64_t{start.limits.deaths}, key.run,
                            key.number, start.digest}}));
    M8_TRY(sql.run({"SELECT state, attempts, reason FROM fleet_job"
                    " WHERE run = $1 AND number = $2 AND digest = $3",
                    {key.run, key.number, start.digest}},
                   [&](const Row& row) {
                     const auto state = static_cast<JobState>(row.integer(0));
                     const bool open = state == JobState::kWaiting || state == JobState::kStarted;
                     const bool lost = state == JobState::kGivenUp;
                     verdict.what = open   ? JobVerdict::What::kBusy
                                    : lost ? JobVerdict::What::kGivenUp
                                           : JobVerdict::What::kOver;
                     verdict.attempt = static_cast<int>(row.integer(1));
                     verdict.reason = row.text(2);
                     return Status();
                   }));
    return {};
  });
  M8_TRY(std::move(status));
  return verdict;
}

Status SqlJobs::set_progress(const std::string& worker, std::span<const JobProgress> jobs) {
  return together("progress of jobs", [&](Statements& sql) -> Status {
    for (const JobProgress& job : jobs)
      M8_TRY(change_in(
          sql, {"UPDATE fleet_job SET progress = $1 WHERE run = $2 AND number = $3"
                " AND state = 1 AND worker = $4",
                {static_cast<std::int64_t>(job.done), job.key.run, job.key.number, worker}}));
    return {};
  });
}

Result<std::vector<JobProgress>> SqlJobs::progress(std::int64_t run) {
  std::vector<JobProgress> out;
  M8_TRY(sql_.run(select_progress(run), [&](const Row& row) {
    out.push_back({{run, row.integer(0)}, static_cast<std::uint64_t>(row.integer(1))});
    return Status();
  }));
  return out;
}

Result<std::vector<EndedJob>> SqlJobs::ended(std::int64_t run, std::size_t limit) {
  std::vector<EndedJob> out;
  M8_TRY(sql_.run(select_ended(run, limit), [&](const Row& row) {
    out.push_back({row.integer(0), row.integer(1) == 3, std::string(row.text(2)),
                   static_cast<int>(row.integer(3))});
    return Status();
  }));
  return out;
}

Status SqlJobs::results(const JobKey& key, const std::function<Status(std::string_view)>& each) {
  return sql_.stream(select_results(key), [&](const Row& row) { return each(row.text(0)); });
}

Status SqlJobs::take(std::int64_t run, std::span<const std::int64_t> some) {
  return together("results taken", [&](Statements& sql) -> Status {
    return by_lists(some, [&](std::vector<Value> list) -> Status {
      Query update{"UPDATE fleet_job SET state = 4 WHERE run = $1 AND state = 2 AND number IN (",
                   {run}};
      add_list(update, list);
      update.sql += ")";
      M8_TRY(change_in(sql, std::move(update)));
      Query drop{"DELETE FROM fleet_result WHERE run = $1 AND number IN (", {run}};
      add_list(drop, std::move(list));
      drop.sql += ")";
      M8_TRY(change_in(sql, std::move(drop)));
      return {};
    });
  });
}

// ---- workers

Status SqlJobs::add_worker(const WorkerRow& worker) {
  M8_TRY(
      change({"INSERT INTO fleet_worker (id, slots, process, started) VALUES ($1, $2, $3, $4)",
              {worker.id, std::int64_t{worker.slots}, worker.process, to_millis(worker.started)}}));
  return {};
}

Status SqlJobs::beat(const std::string& worker, int running) {
  const auto changed =
      M8_TRY(change({"UPDATE fleet_worker SET beat = beat + 1, running = $1 WHERE id = $2",
                     {std::int64_t{running}, worker}}));
  if (changed > 0) return {};
  return Error{ErrorCode::kNotFound, "worker " + worker + ": was called dead"};
}

Result<std::vector<WorkerRow>> SqlJobs::workers() {
  std::vector<WorkerRow> out;
  M8_TRY(sql_.run(
      {"SELECT id, beat, slots, running, process, started FROM fleet_worker ORDER BY id", {}},
      [&](const Row& row) {
        out.push_back({std::string(row.text(0)), row.integer(1), static_cast<int>(row.integer(2)),
                       static_cast<int>(row.integer(3)), std::string(row.text(4)),
                       from_millis(row.integer(5))});
        return Status();
      }));
  return out;
}

Status SqlJobs::remove_worker(const std::string& worker, std::int64_t beat) {
  M8_TRY(change({"DELETE FROM fleet_worker WHERE id = $1 AND beat <= $2", {worker, beat}}));
  return {};
}

// ---- what jobs need

Result<bool> SqlJobs::has_bundle(const std::string& hash, WallTime now) {
  return M8_TRY(change(
             {"UPDATE fleet_bundle SET used = $1 WHERE hash = $2", {to_millis(now), hash}})) > 0;
}

Status SqlJobs::add_bundle(const std::string& hash, std::string_view archive, WallTime now,
                           std::chrono::hours keep) {
  return together("archive of templates", [&](Statements& sql) -> Status {
    const std::int64_t before = to_millis(now - keep);
    M8_TRY(change_in(sql, {"DELETE FROM fleet_bundle_part WHERE hash IN"
                           " (SELECT hash FROM fleet_bundle WHERE used < $1)",
                           {before}}));
    M8_TRY(change_in(sql, {"DELETE FROM fleet_bundle WHERE used < $1", {before}}));
    const auto parts = static_cast<std::int64_t>((archive.size() + kPartBytes - 1) / kPartBytes);
    const auto added =
        M8_TRY(change_in(sql, {"INSERT INTO fleet_bundle (hash, parts, used) VALUES ($1, $2, $3)"
                               " ON CONFLICT (hash) DO NOTHING",
                               {hash, parts, to_millis(now)}}));
    for (std::int64_t part = 0; added > 0 && part < parts; ++part) {
      const auto at = static_cast<std::size_t>(part) * kPartBytes;
      M8_TRY(change_in(sql, {"INSERT INTO fleet_bundle_part (hash, part, data) VALUES ($1, $2, $3)",
                             {hash, part, base64_encode(archive.substr(at, kPartBytes))}}));
    }
    return {};
  });
}

Result<std::string> SqlJobs::bundle(const std::string& hash) {
  std::string archive;
  Status read =
      sql_.stream({"SELECT data FROM fleet_bundle_part WHERE hash = $1 ORDER BY part", {hash}},
                  [&](const Row& row) -> Status {
                    archive += M8_TRY(base64_decode(row.text(0)));
                    return {};
                  });
  M8_TRY(std::move(read));
  if (archive.empty())
    return Error{ErrorCode::kNotFound, "templates " + hash.substr(0, 12) + ": not in the store"};
  return archive;
}

}  // namespace m8::store
