#include "fleet/flags.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "cli/environment.h"
#include "cli/make_flag.h"
#include "cli/secrets.h"
#include "queue/registry.h"
#include "queue/settings.h"

namespace m8::fleet {
namespace {

using namespace std::chrono_literals;
using cli::switched;
using cli::valued;

constexpr const char* kSection = "Distributed";
constexpr std::size_t kWorkQueues = 1;
constexpr auto kFirstWorker = 3s;

Result<int> number_of(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1)
    return Error{ErrorCode::kInvalidArgument, "--slice: not NUMBER/COUNT"};
  return number;
}

}  // namespace

std::vector<cli::Flag> distributed_flags() {
  std::vector<cli::Flag> flags = {
      common(
          detailed(switched(kSection, "distributed", {}, "let workers do it (m8 worker)"),
                   "Cuts the run into jobs, hands them to the broker of --queue-url and brings "
                   "back what the workers find, through the store, as if it ran here. Without a "
                   "broker this process is its own worker. A job has some of the targets and some "
                   "of the templates, or some of the words for one domain; with --sorted and "
                   "--automatic-scan a target's templates stay together, with --permute, --srv, "
                   "--nsec, --axfr and --deep a domain's words do, because permutations go by all "
                   "that was found and a zone is asked once. No job may be expected to take longer "
                   "than five minutes: where one would, the run is refused. What would show or "
                   "keep things on "
                   "the worker's machine (--debug and its like, --explain, --store-resp), what "
                   "reads files or variables of it (--allow-local-file-access, "
                   "--env-vars), templates without a target (--enable-self-contained), "
                   "--skip-unchanged and --passive-only are refused. --trace-jobs has a "
                   "line for each job that a target was in.")),
      detailed(
          file_flag(valued(kSection, "share", {}, "DIR", "hand over templates and lists here")),
          "A folder that all machines see; otherwise they go through the store."),
      detailed(valued(kSection, "as-job", {}, "DIR", "be a job of a worker: records go to stdout"),
               "For m8 worker: every record is written as it is, and what it came to at the end. "
               "Paths below DIR lose it."),
      detailed(valued(kSection, "slice", {}, "N/COUNT", "do one part of what is to be done"),
               "For m8 worker: of the templates, or words, each COUNTth, from the Nth."),
      detailed(cli::chosen(cli::repeated(valued(kSection, "job-lines", {}, "WHAT",
                                                "with --as-job: records of these too")),
                           {"audit", "targets"}),
               "For m8 worker: what --audit and --trace-jobs are to tell."),
  };
  for (cli::Flag& flag : queue::queue_settings()) flags.push_back(std::move(flag));
  return flags;
}

Result<Slice> slice_of(const cli::Values& flags) {
  const std::string text = flags.text("slice");
  if (text.empty()) return Slice{};
  const auto slash = std::min(text.find('/'), text.size());
  const int number = M8_TRY(number_of(std::string_view(text).substr(0, slash)));
  const int of = M8_TRY(number_of(std::string_view(text).substr(std::min(slash + 1, text.size()))));
  if (number > of) return Error{ErrorCode::kInvalidArgument, "--slice: NUMBER is above COUNT"};
  return Slice{number - 1, of};
}

namespace {

/// "--name=value" for each value of \p flag.
Result<std::vector<std::string>> arguments_of(const cli::Flag& flag, const cli::Values& flags,
                                              const Travelling& travelling, Bundle& bundle) {
  const Travels how = how_travels(travelling.command, flag.name);
  if (how == Travels::kNot)
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("--{} can't be used with --distributed", flag.name)};
  std::vector<std::string> out;
  if (flag.is_switch()) {
    out.push_back("--" + flag.name);
    return out;
  }
  auto values = flags.list(flag.name);
  if (travelling.values) values = M8_TRY(travelling.values(flag.name, std::move(values)));
  for (std::string& value : values) {
    std::error_code error;
    const bool file = how == Travels::kPath ||
                      (how == Travels::kEither && std::filesystem::is_regular_file(value, error));
    if (file) value = M8_TRY(bundle.add(value));
    out.push_back(fmt::format("--{}={}", flag.name, value));
  }
  return out;
}

}  // namespace

Status set_arguments(const cli::Values& flags, const Travelling& travelling, Bundle& bundle,
                     Job& job) {
  std::string secrets;
  for (const cli::Flag& flag : *travelling.flags) {
    const bool here = std::find(travelling.here.begin(), travelling.here.end(), flag.name) !=
                      travelling.here.end();
    if (flag.action || here || !flag.key.empty() || !flags.given(flag.name)) continue;
    if (flag.is_switch() && !flags.on(flag.name)) continue;
    auto arguments = M8_TRY(arguments_of(flag, flags, travelling, bundle));
    // All values of a flag go one way: a list is not put together from two places.
    const bool secret = cli::without_secrets(*travelling.flags, arguments) != arguments;
    for (std::string& argument : arguments) {
      if (secret)
        secrets += argument + "\n";
      else
        job.arguments.push_back(std::move(argument));
    }
  }
  if (!secrets.empty()) job.secrets = M8_TRY(bundle.add_secret(secrets));
  return {};
}

queue::Topology work_topology(const cli::Values& flags) {
  return queue::standard_topology(queue::chosen_names(flags), queue::queue_limits(flags),
                                  kWorkQueues);
}

std::string bundle_cache() {
  const std::string home = cli::cache_home();
  return (home.empty() ? std::filesystem::temp_directory_path().string() : home) + "/m8/fleet";
}

Result<std::unique_ptr<DistributedRun>> DistributedRun::open(const cli::Values& flags,
                                                             store::Store& store, Say say,
                                                             Clock& clock, std::stop_token stop) {
  std::unique_ptr<DistributedRun> run(new DistributedRun(store, std::move(say), clock));
  queue::BrokerOptions options = queue::broker_options(flags);
  options.name = "m8 submitter";
  run->broker_ = M8_TRY(queue::open_broker(queue::chosen_url(flags), options, clock, stop));
  run->names_ = queue::chosen_names(flags);
  run->share_ = flags.text("share");
  M8_TRY(run->broker_->declare(work_topology(flags), stop));
  const std::string url = queue::chosen_url(flags);
  if (url.empty() || url == "memory:") run->work_here(flags);
  return run;
}

DistributedRun::~DistributedRun() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void DistributedRun::work_here(const cli::Values&) {
  WorkerOptions options;
  options.slots = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 16u));
  options.queues = {names_.work_queue(0)};
  options.programs.cache = bundle_cache();
  options.share = share_;
  options.programs.temp = std::filesystem::temp_directory_path().string();
  options.drain = 100ms;
  here_ = std::make_unique<Worker>(*broker_, store_, options, say_, clock_);
  thread_ = std::jthread([this](const std::stop_token& stop) {
    if (const Status status = here_->run(stop); !status.ok()) say_(status.error().message);
  });
}

int DistributedRun::slots(std::stop_token stop) {
  const SteadyTime until = clock_.now() + kFirstWorker;
  for (;;) {
    int slots = 0;
    for (const store::WorkerRow& worker : jobs_.workers().value_or({})) slots += worker.slots;
    if (slots > 0 || clock_.now() >= until) return std::max(slots, 1);
    if (!clock_.sleep_until(clock_.now() + 50ms, stop)) return 1;
  }
}

Status DistributedRun::put(const Bundle& bundle) {
  if (bundle.empty()) return {};
  return BundleShelf(jobs_, share_).put(bundle, clock_.wall());
}

Status DistributedRun::run(SubmitOptions options, Cut& cut, Watch watch, std::stop_token stop) {
  options.to = {names_.exchange(), names_.work_queue(0)};
  options.work_queue = names_.work_queue(0);
  options.dead_queue = names_.dead_letters();
  options.unrouted_queue = names_.unrouted();
  Submitter submitter(
      options, {*broker_, store_, watch.sink,
                [&bundle = watch.bundle](std::string_view path) { return bundle.original(path); },
                watch.extras, std::move(watch.ended), std::move(watch.progress), say_, clock_});
  const Status status =
      submitter.run([&](std::stop_token more) { return cut.next(std::move(more)); }, stop);
  progress_ = submitter.progress();
  return status;
}

}  // namespace m8::fleet
