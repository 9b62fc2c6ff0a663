/// `m8 bench fleet`: a scan cut into jobs for workers, over RabbitMQ and PostgreSQL, against the
/// same scan in one process and against what its hosts' latency allows.
///
/// Each worker works on ten hosts at a time and asks each one thing at a time, so the ideal time is
/// that of the answers. Every scan has to bring every finding.
#include <csignal>
#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "bench/pg_server.h"
#include "bench/rabbitmq_server.h"
#include "bench/registry.h"
#include "bench/scan_job.h"
#include "cli/make_flag.h"
#include "store/sql_jobs.h"

namespace m8::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kPlaces = 2, kHostsOfJob = 5;  ///< of each worker: ten hosts at a time
constexpr int kMany = 4;
constexpr auto kTimeout = std::chrono::minutes(10);
constexpr auto kReady = std::chrono::seconds(60);

struct Setup {
  std::string store, queue;
  ScanJob job;
  double ideal = 0;  ///< seconds of one worker
};

Status write_templates(const Setup& setup, int count) {
  for (int i = 0; i < count; ++i)
    M8_TRY(write_template(setup.job, fmt::format("page-{}", i), fmt::format("/page-{}", i),
                          "{type: status, status: [200, 404]}"));
  return {};
}

// ---- workers ------------------------------------------------------------------------------------

/// Workers in processes of their own; killed with this.
class Workers {
 public:
  Workers(const Context& context, const Setup& setup) : context_(context), setup_(setup) {}

  Status start(int count) {
    const std::string m8 = M8_TRY(context_.own_program("m8"));
    for (int i = 0; i < count; ++i) {
      ChildOptions options;
      options.arguments = {
          m8,        "worker",     "-q",          "-c",        std::to_string(kPlaces),
          "--store", setup_.store, "--queue-url", setup_.queue};
      options.errors =
          ChildStream::file(fmt::format("{}/worker-{}.log", context_.temp_directory, i));
      workers_.push_back(M8_TRY(Child::start(options, context_.clock)));
    }
    return wait_until_there();
  }
  /// SIGTERM: they end by themselves.
  Status stop() {
    for (Child& worker : workers_) worker.signal(SIGTERM);
    for (Child& worker : workers_) {
      const ChildUsage usage = M8_TRY(worker.wait(kReady));
      if (usage.exit_code != 0)
        return Error{ErrorCode::kInternal,
                     fmt::format("bench fleet: a worker ended with {}", usage.exit_code)};
    }
    workers_.clear();
    return {};
  }

 private:
  Status wait_until_there() {
    const auto store = M8_TRY(store::open_store(setup_.store));
    store::SqlJobs jobs(*store);
    for (const SteadyTime end = context_.clock.now() + kReady;;) {
      if (M8_TRY(jobs.workers()).size() == workers_.size()) return {};
      if (context_.clock.now() > end)
        return Error{ErrorCode::kTimeout, "bench fleet: the workers do not come up"};
      if (!context_.clock.sleep_until(context_.clock.now() + 50ms, context_.stop))
        return Error{ErrorCode::kCancelled, "stopped"};
    }
  }

  const Context& context_;
  const Setup& setup_;
  std::vector<Child> workers_;
};

// ---- scans --------------------------------------------------------------------------------------

/// Seconds of one scan with \p more arguments, which has to find everything.
Result<double> scan(const Context& context, const Setup& setup, std::vector<std::string> more) {
  const std::string out = context.temp_directory + "/findings";
  ChildOptions options;
  options.arguments = {M8_TRY(context.own_program("num8")),
                       "scan",
                       "-q",
                       "-j",
                       "-rl",
                       "0",
                       "-c",
                       "1",
                       "-t",
                       setup.job.templates,
                       "-l",
                       setup.job.targets};
  options.arguments.insert(options.arguments.end(), more.begin(), more.end());
  options.output = ChildStream::file(out);
  options.errors = ChildStream::file(context.temp_directory + "/errors");
  const ChildUsage usage = M8_TRY(run_checked(context, options, kTimeout));
  std::size_t findings = 0;
  LineReader lines = M8_TRY(LineReader::open(out));
  while (M8_TRY(lines.next(context.stop))) ++findings;
  if (findings == setup.job.findings) return seconds(usage);
  return Error{ErrorCode::kInternal,
               fmt::format("bench fleet: {} findings instead of {}", findings, setup.job.findings)};
}

Result<double> scan_here(const Context& context, const Setup& setup) {
  const std::string database = context.temp_directory + "/local.db";
  for (const char* part : {"", "-wal", "-shm"}) (void)::remove((database + part).c_str());
  return scan(context, setup,
              {"-bs", std::to_string(kPlaces * kHostsOfJob), "--store", "sqlite:" + database});
}

Result<double> scan_by(const Context& context, const Setup& setup, int count) {
  Workers workers(context, setup);
  M8_TRY(workers.start(count));
  const double took = M8_TRY(scan(context, setup,
                                  {"-bs", std::to_string(kHostsOfJob), "--distributed", "--store",
                                   setup.store, "--queue-url", setup.queue}));
  M8_TRY(workers.stop());
  return took;
}

// ---- the rows -----------------------------------------------------------------------------------

Status measure(const Context& context, const Setup& setup, Report& report) {
  Row& overhead = report.row("one worker", "s", Bar::ratio_at_most(1.15));
  Row& many = report.row(fmt::format("{} workers", kMany), "s", Bar::ratio_at_most(1.25));
  Row& gain =
      report.row(fmt::format("{} workers, times as fast as one", kMany), "", Bar::at_least(3.6));
  overhead.peer_name = "no workers";
  many.peer_name = "ideal";
  for (int i = 0; i < context.repeats; ++i) {
    context.progress(fmt::format("repeat {} of {}", i + 1, context.repeats));
    overhead.peer.add(M8_TRY(scan_here(context, setup)));
    const double one = M8_TRY(scan_by(context, setup, 1));
    const double four = M8_TRY(scan_by(context, setup, kMany));
    overhead.ours.add(one);
    many.ours.add(four);
    many.peer.add(setup.ideal / kMany);
    gain.ours.add(one / four);
  }
  return {};
}

Result<Report> run(const Context& context) {
  const auto targets = context.flags.number<std::size_t>("targets");
  const auto templates = context.flags.number<int>("templates");
  const auto latency = context.flags.duration("latency");
  Setup setup;
  setup.job = M8_TRY(make_job(context, "fleet"));
  M8_TRY(write_templates(setup, templates));
  setup.job.findings = targets * static_cast<std::size_t>(templates);
  setup.ideal = double(setup.job.findings) * std::chrono::duration<double>(latency).count() /
                (kPlaces * kHostsOfJob);
  const Lab lab =
      M8_TRY(start_lab(context, targets, {"--latency", fmt::format("{}ms", latency.count())}));
  M8_TRY(write_lab_targets(setup.job, targets, lab.port));
  PgServer database = M8_TRY(PgServer::start(context));
  setup.store = database.url();
  M8_TRY(store::open_store(setup.store));  // makes the schema
  context.progress("starting RabbitMQ");
  const std::string folder = context.temp_directory + "/rabbitmq";
  std::error_code error;
  if (!std::filesystem::create_directory(folder, error))
    return Error{ErrorCode::kIo, fmt::format("make {}: {}", folder, error.message())};
  RabbitServer broker = M8_TRY(RabbitServer::start(folder, "", context.clock, context.stop));
  setup.queue = broker.url();
  Report report("fleet");
  M8_TRY(measure(context, setup, report));
  report.note(fmt::format(
      "{} targets that answer after {} ms, {} templates; each worker has {} hosts at a time and "
      "asks each one thing at a time; all of it, broker, database and targets on this machine",
      targets, latency.count(), templates, kPlaces * kHostsOfJob));
  M8_TRY(broker.stop());
  M8_TRY(database.stop());
  return report;
}

std::vector<cli::Flag> flags() {
  const char* in = "Benchmark";
  const auto number = [&](const char* name, const char* initial, const char* brief) {
    return cli::typed(cli::with_default(cli::valued(in, name, {}, "N", brief), initial),
                      cli::ValueType::number(1, 10'000));
  };
  return {
      number("targets", "100", "hosts of the scan"),
      number("templates", "100", "requests to each"),
      cli::typed(cli::with_default(
                     cli::valued(in, "latency", {}, "TIME", "how long each answer takes"), "50ms"),
                 cli::ValueType::duration(1ms, 10s)),
  };
}

}  // namespace

extern const Workload kFleet;
const Workload kFleet{"fleet", "a scan by one worker and by four, against one process", flags, run};

}  // namespace m8::bench
