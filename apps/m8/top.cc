// m8 top: what the programs of this user are doing, live.
#include <algorithm>
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

std::string byte_rate(const Rates& rates, std::string_view direction) {
  const double growth =
      rates.change().sum(name_of(metrics::kNetworkBytes), {{"direction", direction}});
  return output::bytes_text(static_cast<std::uint64_t>(rates.per_second(growth))) + "/s";
}

std::string count_text(double count) { return fmt::format("{:.0f}", count); }

/// A column; WORK is operations of all components.
struct Field {
  output::Table::Column column;
  bool narrow;  ///< also on a narrow screen
  std::string (*text)(const Live& live, const Rates& rates);
};

std::string gauge_text(const Live& live, const auto& gauge) {
  return count_text(live.snapshot.sum(name_of(gauge)));
}

const Field kFields[] = {
    {{"PID", 7, true}, true, [](auto& live, auto&) { return std::to_string(live.pid); }},
    {{"PROGRAM", 13}, true, [](auto& live, auto&) { return live.program + " " + live.command; }},
    {{"CPU", 5, true},
     true,
     [](auto&, auto& rates) { return fmt::format("{:.0f} %", 100 * rates.of(metrics::kCpu)); }},
    {{"MEMORY", 9, true},
     true,
     [](auto& live, auto&) {
       const double bytes = live.snapshot.sum(name_of(metrics::kResident));
       return output::bytes_text(static_cast<std::uint64_t>(bytes));
     }},
    {{"THREADS", 7, true},
     false,
     [](auto& live, auto&) { return gauge_text(live, metrics::kThreads); }},
    {{"FILES", 6, true},
     false,
     [](auto& live, auto&) { return gauge_text(live, metrics::kOpenFiles); }},
    {{"TASKS", 5, true}, true, [](auto& live, auto&) { return gauge_text(live, metrics::kTasks); }},
    {{"WORK", 8, true},
     true,
     [](auto&, auto& rates) { return rate_text(rates.of(metrics::kOperations)); }},
    {{"ERRORS", 8, true},
     true,
     [](auto&, auto& rates) { return rate_text(rates.of(metrics::kErrors)); }},
    {{"IN", 11, true}, true, [](auto&, auto& rates) { return byte_rate(rates, "received"); }},
    {{"OUT", 11, true}, false, [](auto&, auto& rates) { return byte_rate(rates, "sent"); }},
};

/// Where a table with all columns fits.
constexpr std::size_t kWide = 115;

bool is_shown(const Field& field, std::size_t columns) { return field.narrow || columns >= kWide; }

output::Table table_for(std::size_t columns) {
  std::vector<output::Table::Column> shown;
  for (const Field& field : kFields) {
    if (is_shown(field, columns)) shown.push_back(field.column);
  }
  return output::Table(std::move(shown));
}

/// One program in a line.
std::string row_of(const output::Table& table, std::size_t columns, const Live& live,
                   const Rates& rates) {
  std::vector<std::string> cells;
  for (const Field& field : kFields) {
    if (is_shown(field, columns)) cells.push_back(field.text(live, rates));
  }
  return table.row(cells);
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

std::string screen(const std::vector<Live>& all, const Before& before, std::size_t columns) {
  if (all.empty()) return "no program of yours is running\n";
  const output::Table table = table_for(columns);
  std::string out = table.header();
  for (const Live& live : all) {
    const auto known = before.find(live.pid);
    const Rates rates(known == before.end() ? nullptr : &known->second, live.snapshot);
    out += row_of(table, columns, live, rates) + details_of(live);
  }
  return out;
}

/// Over what was shown before: home, each line wiped and cut to the screen, then all below wiped. A
/// line that wraps or scrolls would leave the rest of the screen a line lower each time.
std::string redrawn(std::string_view text, const cli::TerminalSize& size) {
  std::string out = "\x1b[H";
  for (std::size_t row = 1; !text.empty(); ++row) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const bool last = row == size.rows;
    out += "\x1b[K";
    if (last && !text.empty()) return out + "... a taller terminal shows more";
    out += line.substr(0, size.columns);
    if (last) return out;
    out += '\n';
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
    const auto size = cli::terminal_size(STDOUT_FILENO);
    std::string text;
    if (json) {
      for (const Live& live : all) text += live.json;
    } else {
      text = screen(all, before, redraws ? size.columns : kWide);
    }
    M8_TRY(out.write(redraws ? redrawn(text, size) : text));
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
