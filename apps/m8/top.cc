// m8 top: what the programs of this user are doing, live.
#include <map>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "commands.h"
#include "live.h"
#include "metrics/kpi.h"
#include "metrics/table.h"
#include "output/stream.h"
#include "output/table.h"
#include "output/text.h"

namespace m8::app {
namespace {

using metrics::Snapshot;

/// What is compared with, by process.
using Before = std::map<std::int64_t, Snapshot>;

std::string_view name_of(const auto& metric) { return metric.definition.name; }

/// Growth per second since \p before; since the program began without it.
class Rates {
 public:
  Rates(const Snapshot* before, const Snapshot& now) : window_(metrics::window_of(before, now)) {}

  double per_second(double growth) const {
    return window_.seconds > 0 ? growth / window_.seconds : 0;
  }
  double of(const auto& counter) const { return per_second(change().sum(name_of(counter))); }
  const Snapshot& change() const { return window_.change; }
  const metrics::Window& window() const { return window_; }

 private:
  metrics::Window window_;
};

std::string rate_text(double rate) {
  return rate >= 10 ? fmt::format("{:.0f}/s", rate) : fmt::format("{:.1f}/s", rate);
}

const output::Table& table() {
  static const output::Table table({{"PID", 8, true},
                                    {"PROGRAM", 15},
                                    {"CPU", 7, true},
                                    {"MEMORY", 9, true},
                                    {"THREADS", 7, true},
                                    {"FILES", 6, true},
                                    {"TASKS", 7, true},
                                    {"WORK", 9, true},
                                    {"ERRORS", 9, true},
                                    {"IN", 11, true},
                                    {"OUT", 11, true}});
  return table;
}

std::string byte_rate(const Rates& rates, std::string_view direction) {
  const double growth =
      rates.change().sum(name_of(metrics::kNetworkBytes), {{"direction", direction}});
  return output::bytes_text(static_cast<std::uint64_t>(rates.per_second(growth))) + "/s";
}

std::string count_text(double count) { return fmt::format("{:.0f}", count); }

/// One program in a line; WORK is operations of all components.
std::string row_of(const Live& live, const Rates& rates) {
  const Snapshot& now = live.snapshot;
  return table().row(
      {std::to_string(live.pid), live.program + " " + live.command,
       fmt::format("{:.0f} %", 100 * rates.of(metrics::kCpu)),
       output::bytes_text(static_cast<std::uint64_t>(now.sum(name_of(metrics::kResident)))),
       count_text(now.sum(name_of(metrics::kThreads))),
       count_text(now.sum(name_of(metrics::kOpenFiles))),
       count_text(now.sum(name_of(metrics::kTasks))), rate_text(rates.of(metrics::kOperations)),
       rate_text(rates.of(metrics::kErrors)), byte_rate(rates, "received"),
       byte_rate(rates, "sent")});
}

void add_counts(std::string& out, const char* title, const Snapshot& from, std::string_view name,
                std::string_view label) {
  std::string line;
  for (const auto& [value, count] : from.sums_by(name, label)) {
    if (count > 0) line += fmt::format("  {} {:.0f}", output::escape_control(value), count);
  }
  if (!line.empty()) out += fmt::format("  {:<10}{}\n", title, line);
}

/// The stages of a program, its memory and its queues, below its line.
std::string details_of(const Live& live) {
  const Snapshot& now = live.snapshot;
  std::string out, memory;
  for (const auto& [component, bytes] : now.sums_by(name_of(metrics::kMemoryUsage), "component"))
    memory +=
        fmt::format("  {} {}", component, output::bytes_text(static_cast<std::uint64_t>(bytes)));
  out += fmt::format("  {:<10}{}\n", "memory", memory);
  add_counts(out, "targets", now, name_of(metrics::kTargets), "state");
  add_counts(out, "templates", now, name_of(metrics::kExecutions), "result");
  add_counts(out, "names", now, name_of(metrics::kNames), "verdict");
  add_counts(out, "work", now, name_of(metrics::kOperations), "component");
  add_counts(out, "errors", now, name_of(metrics::kErrors), "component");
  add_counts(out, "queues", now, name_of(metrics::kQueueDepth), "queue");
  if (const double findings = now.sum(name_of(metrics::kFindings)); findings > 0)
    out += fmt::format("  {:<10}  {:.0f}\n", "findings", findings);
  return out;
}

std::string screen(const std::vector<Live>& all, const Before& before) {
  if (all.empty()) return "no program of yours is running\n";
  std::string out = table().header();
  for (const Live& live : all) {
    const auto known = before.find(live.pid);
    const Rates rates(known == before.end() ? nullptr : &known->second, live.snapshot);
    out += row_of(live, rates) + details_of(live);
  }
  return out;
}

/// Over what was shown before: home, each line to its end wiped, then all below.
std::string redrawn(const std::string& text) {
  std::string out = "\x1b[H";
  for (const char c : text) {
    if (c == '\n') out += "\x1b[K";
    out += c;
  }
  return out + "\x1b[J";
}

Result<int> top(const cli::Context& context) {
  const auto& flags = context.flags;
  const cli::Signals signals;
  Clock& clock = SystemClock::instance();
  const bool json = flags.on("json"), once = flags.on("once");
  const bool redraws = !json && !once && cli::is_terminal(STDOUT_FILENO);
  output::Stream out(Fd(STDOUT_FILENO), "stdout");
  Before before;
  if (redraws) M8_TRY(out.write("\x1b[2J"));
  do {
    const auto all = live_processes();
    std::string text;
    if (json) {
      for (const Live& live : all) text += live.json;
    } else {
      text = screen(all, before);
    }
    M8_TRY(out.write(redraws ? redrawn(text) : text));
    M8_TRY(out.flush());
    if (out.closed()) break;
    before.clear();
    for (const Live& live : all) before.emplace(live.pid, live.snapshot);
  } while (!once && clock.sleep_until(clock.now() + flags.duration("interval"), signals.token()));
  return cli::kDone;
}

}  // namespace

cli::Command top_command() {
  cli::Command command;
  command.name = "top";
  command.brief = "what your running programs do, live";
  command.detail =
      "Asks the socket that each running asmm8, num8 and m8 serve of this user has (below "
      "$XDG_RUNTIME_DIR, "
      "else /tmp/m8-UID): processor, memory by component, threads, descriptors, work under way and "
      "done, errors, bytes, queues. WORK and ERRORS are per second, of all components. Ends with "
      "Ctrl-C.";
  command.flags = {
      cli::common(cli::switched("Output", "once", {}, "print once and leave")),
      cli::common(cli::switched("Output", "json", {"jsonl"}, "one line of JSON per program")),
      cli::common(cli::typed(
          cli::with_default(cli::valued("Output", "interval", {}, "TIME", "look again after that"),
                            "1s"),
          cli::ValueType::duration(std::chrono::milliseconds(100), std::chrono::hours(1)))),
  };
  command.run = [](const cli::Context& context) {
    const auto code = top(context);
    return code.ok() ? *code : cli::fail("m8 top", code.error());
  };
  return command;
}

}  // namespace m8::app
