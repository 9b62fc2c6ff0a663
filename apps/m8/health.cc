// m8 health: whether all that a scan needs is there, for people and monitoring.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "base/process.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "commands.h"
#include "health_checks.h"
#include "metrics/process_metrics.h"
#include "output/table.h"
#include "output/text.h"

namespace m8::app {
namespace {

/// What monitoring reads as "unknown".
constexpr int kNotChecked = 3;

metrics::PerformanceNumbers numbers(SeenLast& last) {
  const ProcessUsage usage = process_usage();
  metrics::PerformanceNumbers numbers;
  numbers.active_tasks = usage.threads;
  numbers.resident_bytes = usage.resident_bytes;
  numbers.peak_bytes = usage.peak_rss_bytes;
  numbers.available_bytes = metrics::available_memory(0);
  const Seen seen = *last.lock();
  numbers.database_connections = seen.connections;
  numbers.queue_depth = seen.depths;
  return numbers;
}

std::string text_of(const metrics::HealthStatus& status) {
  const output::Table table({{"CHECK", 10}, {"STATUS", 9}, {"TOOK", 9, true}, {"WHAT", 0}});
  std::string text = table.header();
  for (const auto& [name, check] : status.checks) {
    const auto took = std::chrono::duration<double, std::milli>(check.duration);
    text += table.row({name, check.healthy ? "healthy" : "unhealthy",
                       fmt::format("{:.1f} ms", took.count()),
                       check.healthy ? check.message : check.error});
  }
  return text + (status.healthy() ? "healthy\n" : status.ready() ? "degraded\n" : "down\n");
}

/// Checks by the words that people have for them.
std::string check_name(const std::string& given) {
  constexpr std::pair<std::string_view, const char*> kWords[] = {
      {"db", "database"},      {"mq", "rabbitmq"},    {"queue", "rabbitmq"}, {"cache", "redis"},
      {"templates", "nuclei"}, {"burp", "burpsuite"}, {"dns", "resolvers"}};
  for (const auto& [word, name] : kWords)
    if (given == word) return name;
  return given;
}

Result<int> check(const cli::Context& context) {
  const auto& flags = context.flags;
  const auto services = M8_TRY(Services::open(flags));
  const auto seen = std::make_shared<SeenLast>();
  auto checks = health_checks(flags, *services, {}, seen);
  std::vector<std::string> only;
  for (const std::string& given : flags.list("check")) {
    const std::string& name = only.emplace_back(check_name(given));
    const bool known = std::any_of(checks.begin(), checks.end(),
                                   [&name](const auto& one) { return one.name == name; });
    if (!known)
      return Error{ErrorCode::kInvalidArgument, "--check: not known, or not configured: " + given};
  }
  metrics::HealthChecker checker(
      std::move(checks), [seen] { return numbers(*seen); }, SystemClock::instance());
  const auto status = checker.check(flags.duration("timeout"), only);
  const std::string text = flags.on("json") ? to_json(status) + '\n' : text_of(status);
  if (!flags.on("quiet")) std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  // Whoever asked waits no longer than --timeout, however long what hangs would take to notice.
  if (checker.busy()) std::_Exit(exit_code(status));
  return exit_code(status);
}

}  // namespace

cli::Command health_command() {
  cli::Command command;
  command.name = "health";
  command.brief = "check the store, the broker, the cache, templates, resolvers and the disk";
  command.detail =
      "All checks run at the same time; one that does not answer within --timeout is unhealthy. "
      "Exit codes as monitoring has them: 0 healthy, 1 degraded, 2 the store or a configured "
      "broker "
      "is down, 3 could not check.";
  command.flags = {
      cli::common(
          cli::repeated(cli::valued("Checks", "check", {}, "NAME,...",
                                    "only these: database (db), rabbitmq (mq), nuclei, ..."))),
      cli::common(cli::typed(
          cli::with_default(cli::valued("Checks", "timeout", {}, "TIME", "wait so long for each"),
                            "5s"),
          cli::ValueType::duration(std::chrono::milliseconds(1), std::chrono::minutes(10)))),
      cli::common(cli::switched("Output", "json", {"jsonl"}, "one line of JSON")),
  };
  for (cli::Flag& flag : health_flags()) command.flags.push_back(std::move(flag));
  command.run = [](const cli::Context& context) {
    const auto code = check(context);
    if (code.ok()) return *code;
    cli::fail("m8 health", code.error());
    return kNotChecked;
  };
  return command;
}

}  // namespace m8::app
