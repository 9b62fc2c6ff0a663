// m8 worker: takes jobs of distributed runs from the broker and does them.
#include "fleet/worker.h"

#include <filesystem>

#include <fmt/format.h>

#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "commands.h"
#include "fleet/autoscale.h"
#include "fleet/flags.h"
#include "metrics/metrics.h"
#include "queue/broker_metrics.h"
#include "queue/registry.h"
#include "queue/settings.h"
#include "serve/telemetry.h"
#include "store/chosen_store.h"
#include "store/settings.h"
#include "store/store_metrics.h"

namespace m8::app {
namespace {

using namespace std::chrono_literals;
using cli::valued;
using cli::ValueType;

constexpr const char* kSection = "Worker";
constexpr const char* kName = "m8 worker";

std::vector<cli::Flag> worker_flags() {
  std::vector<cli::Flag> flags = {
      common(detailed(
          typed(with_default(valued(kSection, "concurrency", {"c"}, "N", "jobs at once"), "2"),
                ValueType::number(1, 1'000)),
          "The weight of this machine: a worker takes a job whenever one of its places is free, so "
          "that one with twice the places does twice the work, and a slow one less.")),
      common(detailed(
          typed(valued(kSection, "autoscale", {}, "MIN..MAX", "run as many workers as are needed"),
                {}),
          "Starts and ends worker processes of this machine by the length of the queue and its "
          "trend; a worker that dies is replaced. --metrics-listen and FILE of --metrics-file tell "
          "of the queue and of this process; the Nth worker writes a file of its own, its name "
          "with "
          "-N before its extension, and the same for --cpu-profile.")),
      common(detailed(cli::file_flag(valued(kSection, "scope", {}, "FILE",
                                            "contact only what this allows, whatever a job says")),
                      "As --scope of num8 scan; jobs can narrow it, not widen it.")),
      detailed(cli::file_flag(valued(kSection, "share", {}, "DIR",
                                     "templates and lists are handed over here")),
               "The same folder as that of --distributed runs; otherwise the store has them."),
      detailed(typed(with_default(valued(kSection, "drain-timeout", {}, "TIME",
                                         "at the end, jobs under way may take so long"),
                                  "60", "seconds"),
                     ValueType::duration(0ms, 24h)),
               "After SIGTERM nothing new is begun. What is not done in this time goes back and is "
               "done by others."),
      typed(with_default(valued(kSection, "job-memory", {}, "SIZE", "memory of each job; 0: any"),
                         "2G"),
            ValueType::size(0, 1LL << 40)),
      typed(with_default(valued(kSection, "nice", {}, "N", "priority of the jobs' programs"), "0"),
            ValueType::number(0, 19)),
      typed(with_default(valued(kSection, "max-attempts", {}, "N",
                                "a job that takes its program with it so often is given up"),
                         "5"),
            ValueType::number(1, 100)),
      detailed(typed(with_default(valued(kSection, "dead-after", {}, "TIME",
                                         "a worker not heard of for so long is dead"),
                                  "10", "seconds"),
                     ValueType::duration(3s, 1h)),
               "Its jobs and hosts are others' then. A worker that could not reach the store for "
               "most of this time drops its jobs by itself. The same on all machines."),
  };
  for (const auto& more : {queue::queue_settings(), serve::telemetry_flags()})
    flags.insert(flags.end(), more.begin(), more.end());
  return store::with_store_settings(std::move(flags));
}

fleet::WorkerOptions options_of(const cli::Values& flags) {
  fleet::WorkerOptions options;
  options.slots = flags.number<int>("concurrency");
  options.prefetch = queue::chosen_prefetch(flags);
  options.queues = {queue::chosen_names(flags).work_queue(0)};
  options.programs.cache = fleet::bundle_cache();
  options.share = flags.text("share");
  options.programs.temp = std::filesystem::temp_directory_path().string();
  options.programs.scope = flags.text("scope");
  options.programs.memory = flags.bytes("job-memory");
  options.programs.nice = flags.number<int>("nice");
  options.limits.deaths = flags.number<int>("max-attempts");
  options.drain = flags.duration("drain-timeout");
  options.pulse.dead = flags.duration("dead-after");
  options.pulse.lost = options.pulse.dead * 4 / 5;
  return options;
}

void say(const cli::Context& context, const std::string& text) {
  if (!context.flags.on("quiet")) fmt::print(stderr, "{}: {}\n", kName, text);
}

metrics::Registry::Sampling sample_worker(const fleet::Worker& worker) {
  return metrics::Registry::process().sample([&worker] {
    auto& all = metrics::Registry::process();
    const fleet::WorkerStats stats = worker.stats();
    all.gauge(metrics::kTasks).set(stats.running);
    all.gauge(metrics::kGoroutinesActive).set(stats.running);
    all.counter(metrics::kOperations, {"worker"}).raise_to(stats.done + stats.given_up);
    all.counter(metrics::kErrors, {"worker", "failed"}).raise_to(stats.failed);
    all.counter(metrics::kErrors, {"worker", "given_up"}).raise_to(stats.given_up);
    all.counter(metrics::kErrors, {"worker", "refused"}).raise_to(stats.refused);
  });
}

Result<int> work(const cli::Context& context, const std::stop_token& stop) {
  const cli::Values& flags = context.flags;
  Clock& clock = SystemClock::instance();
  if (!flags.text("scope").empty()) {
    net::Scope checked;  // now, and not at the first job
    M8_TRY(checked.load(flags.text("scope")));
  }
  const auto telemetry =
      M8_TRY(serve::Telemetry::start(serve::Telemetry::options(context, 0), clock));
  const auto store = M8_TRY(store::open_chosen(flags, {}));
  const auto pool = store::sample_pool(*store, flags.number<int>("store-max-open"));
  queue::BrokerOptions broker_options = queue::broker_options(flags);
  broker_options.name = "m8 worker";
  const auto broker =
      M8_TRY(queue::open_broker(queue::chosen_url(flags), broker_options, clock, stop));
  M8_TRY(broker->declare(fleet::work_topology(flags), stop));
  fleet::Worker worker(
      *broker, *store, options_of(flags), [&](const std::string& text) { say(context, text); },
      clock);
  say(context, fmt::format("worker with {} places at {}", flags.number<int>("concurrency"),
                           broker->describe()));
  Status status;
  {
    const auto of_broker = queue::sample_broker(*broker);
    const auto of_worker = sample_worker(worker);
    const auto queues =
        queue::watch_queues(*broker, queue::queues_of(queue::chosen_names(flags), 1), stop);
    status = worker.run(stop);
    M8_TRY(telemetry->end());
  }
  const fleet::WorkerStats stats = worker.stats();
  say(context, fmt::format("stopped after {} jobs: {} failed, {} given up, {} given back",
                           stats.done, stats.failed, stats.given_up, stats.returned));
  if (!status.ok()) return status.error();
  return cli::kDone;
}

/// The page is the supervisor's; each worker has a file of its own beside it.
Result<int> supervise(const cli::Context& context, const std::stop_token& stop) {
  std::unique_ptr<serve::Telemetry> telemetry;
  const auto begun = [&]() -> Status {
    const auto options = serve::Telemetry::options(context, 0);
    telemetry = M8_TRY(serve::Telemetry::start(options, SystemClock::instance()));
    return {};
  };
  const int code = M8_TRY(fleet::autoscale(
      context, [&](const std::string& text) { say(context, text); }, begun, stop));
  M8_TRY(telemetry->end());
  return code;
}

int run_worker(const cli::Context& context) {
  const cli::Signals signals;
  const std::string url = queue::chosen_url(context.flags);
  if (url.empty() || url == "memory:")
    return cli::fail(kName, {ErrorCode::kInvalidArgument, "a worker needs a broker: --queue-url"});
  const auto code = context.flags.text("autoscale").empty() ? work(context, signals.token())
                                                            : supervise(context, signals.token());
  return code.ok() ? *code : cli::fail(kName, code.error());
}

}  // namespace

cli::Command worker_command() {
  cli::Command command;
  command.name = "worker";
  command.brief = "do jobs of distributed runs";
  command.detail =
      "Takes jobs of asmm8 enum --distributed and num8 scan --distributed from the broker and runs "
      "each as a program of its own, whose results go to the store. All of a host's work is one "
      "worker's at a time. A job that is lost with its worker is done by another; one that crashes "
      "its program again and again is given up and becomes a dead letter. SIGTERM ends it when "
      "what is under way is done.";
  command.flags = worker_flags();
  command.examples = {};
  command.run = run_worker;
  return command;
}

}  // namespace m8::app
