#include "measured.h"

#include <functional>

#include "base/clock.h"
#include "cli/make_flag.h"
#include "http/service_flags.h"
#include "live.h"
#include "metrics/table.h"
#include "queue/broker_metrics.h"
#include "queue/settings.h"
#include "services.h"
#include "store/chosen_store.h"
#include "store/settings.h"

namespace m8::app {
namespace {

using metrics::Snapshot;
using metrics::Window;
using Take = std::function<Result<Snapshot>()>;

/// Once, or twice with the window between.
Result<Window> watch(const cli::Values& flags, const Take& take, std::stop_token stop) {
  const Snapshot first = M8_TRY(take());
  if (!flags.given("window")) return metrics::window_of(nullptr, first);
  Clock& clock = SystemClock::instance();
  if (!clock.sleep_until(clock.now() + flags.duration("window"), std::move(stop)))
    return Error{ErrorCode::kCancelled, "interrupted"};
  return metrics::window_of(&first, M8_TRY(take()));
}

/// Adds how many messages wait in the queues of --queue-url, by asking the broker.
Status add_depths(const cli::Values& flags, Snapshot& now, const std::stop_token& stop) {
  if (queue::chosen_url(flags).empty()) return {};
  const auto broker = M8_TRY(queue::open_chosen(flags, stop));
  for (const auto& [queue, depth] :
       M8_TRY(queue::depths_of(*broker, queue::chosen_names(flags), stop)))
    now.add({std::string(metrics::kQueueDepth.definition.name), {{"queue", queue}}},
            static_cast<double>(depth));
  return {};
}

/// Samples of the window, and those of twice as long before, to compare with.
Result<Window> stored(const cli::Values& flags) {
  const auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  const WallTime now = SystemClock::instance().wall();
  const auto window = flags.duration("window");
  std::vector<std::vector<Snapshot>> processes;
  std::string last;
  M8_TRY(store->samples().for_each_sample(now - 3 * window,
                                          [&](const store::MetricSample& sample) -> Status {
                                            auto snapshot = Snapshot::parse(sample.body, sample.at);
                                            if (!snapshot.ok()) return {};  // of another version
                                            if (sample.process != last) processes.emplace_back();
                                            last = sample.process;
                                            processes.back().push_back(std::move(*snapshot));
                                            return {};
                                          }));
  return metrics::window_of(processes, now - window);
}

Result<Window> measure_processes(const cli::Values& flags, const std::stop_token& stop) {
  if (flags.given("pid")) {
    const auto take = [&]() -> Result<Snapshot> {
      return M8_TRY(live_process(flags.number("pid"))).snapshot;
    };
    return watch(flags, take, stop);
  }
  if (!flags.given("url")) return stored(flags);
  const auto services = M8_TRY(Services::open(flags));
  const auto take = [&]() -> Result<Snapshot> {
    const auto page = services->get(flags.text("url"), stop);
    if (!page.ok()) return page.error().with_context("--url");
    return Snapshot::parse(*page, SystemClock::instance().wall());
  };
  return watch(flags, take, stop);
}

}  // namespace

std::vector<cli::Flag> measured_flags() {
  using cli::common, cli::detailed, cli::valued;
  const char* in = "Measure";
  std::vector<cli::Flag> flags = {
      common(detailed(valued(in, "url", {}, "URL", "what this page of metrics says"),
                      "Such as http://127.0.0.1:9464/metrics. Without --url and --pid: what runs "
                      "kept in the store.")),
      common(cli::typed(valued(in, "pid", {}, "PID", "what this running program says"),
                        cli::ValueType::number(1, 1LL << 31))),
      common(cli::typed(
          cli::with_default(
              detailed(
                  valued(in, "window", {}, "TIME", "of so long"),
                  "With --url and --pid it is waited for so long; without --window the figures "
                  "are those since the program began."),
              "5m"),
          cli::ValueType::duration(std::chrono::seconds(1), std::chrono::hours(24)))),
  };
  for (const auto& more : {queue::queue_settings(), http::service_flags()})
    flags.insert(flags.end(), more.begin(), more.end());
  return store::with_store_settings(std::move(flags));
}

Result<Window> measure(const cli::Values& flags, std::stop_token stop) {
  if (flags.given("url") && flags.given("pid"))
    return Error{ErrorCode::kInvalidArgument, "--url or --pid: not both"};
  Window window = M8_TRY(measure_processes(flags, stop));
  M8_TRY(add_depths(flags, window.now, stop));
  if (window.now.size() > 0) return window;
  return Error{ErrorCode::kNotFound,
               "nothing was measured in that time: a longer --window, --url or --pid"};
}

}  // namespace m8::app
