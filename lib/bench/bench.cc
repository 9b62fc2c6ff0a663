#include "bench/bench.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/version.h"

namespace m8::bench {
namespace {

/// Three significant digits, no exponent.
std::string number(double value) {
  const double size = std::fabs(value);
  if (size >= 100 || value == 0) return fmt::format("{:.0f}", value);
  return fmt::format("{:.{}f}", value, size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

void write_series(json::Writer& out, const Series& series) {
  out.object()
      .field("median", series.median())
      .field("min", series.min())
      .field("max", series.max())
      .field("spread", series.spread())
      .key("values")
      .array();
  for (const double value : series.values()) out.value(value);
  out.end().end();
}

void write_row(json::Writer& out, const Row& row) {
  out.object().field("metric", row.metric).field("unit", row.unit).key("ours");
  write_series(out, row.ours);
  if (!row.peer.empty()) {
    out.field("peer_name", row.peer_name).key("peer");
    write_series(out, row.peer);
    out.field("ratio", *row.ratio());
  }
  if (row.bar) out.field("bar", row.bar->to_string()).field("passed", *row.passed());
  out.end();
}

std::vector<std::string> cells(const Row& row) {
  std::vector<std::string> out = {
      row.metric,
      fmt::format("{} {}", number(row.ours.median()), row.unit),
      fmt::format("{}..{}", number(row.ours.min()), number(row.ours.max())),
      fmt::format("{:.0f} %", row.ours.spread() * 100),
      row.peer.empty() ? "" : fmt::format("{} {}", row.peer_name, number(row.peer.median())),
      row.ratio() ? fmt::format("{:.2f}", *row.ratio()) : "",
      row.bar ? row.bar->to_string() : "",
      row.passed() ? (*row.passed() ? "ok" : "MISSED") : "",
  };
  return out;
}

std::string table(const std::vector<std::vector<std::string>>& lines) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i)
      text += fmt::format("{:<{}}  ", line[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  }
  return out;
}

std::string build_text() {
  return fmt::format("m8 {} {} {} {}", version(), commit(), compiler(), build_type());
}

bool is_release() { return std::string_view(build_type()) == "Release"; }

/// The last line of a file that holds something, empty if there is none.
std::string last_line(const std::string& path) {
  const std::string text = path.empty() ? "" : read_file(path).value_or("");
  const std::string_view trimmed = trim(text);
  const auto begin = trimmed.find_last_of('\n');
  return std::string(begin == trimmed.npos ? trimmed : trimmed.substr(begin + 1));
}

}  // namespace

double Series::median() const {
  if (values_.empty()) return 0;
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t half = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

double Series::min() const {
  return values_.empty() ? 0 : *std::min_element(values_.begin(), values_.end());
}

double Series::max() const {
  return values_.empty() ? 0 : *std::max_element(values_.begin(), values_.end());
}

double Series::spread() const { return median() == 0 ? 0 : (max() - min()) / median(); }

bool Bar::holds(double value) const {
  return kind == Kind::kAtLeast ? value >= limit : value <= limit;
}

std::string Bar::to_string() const {
  return fmt::format("{}{} {:g}", of == Of::kRatio ? "ratio " : "",
                     kind == Kind::kAtLeast ? ">=" : "<=", limit);
}

std::optional<double> Row::ratio() const {
  if (peer.empty() || peer.median() == 0) return std::nullopt;
  return ours.median() / peer.median();
}

std::optional<bool> Row::passed() const {
  if (!bar) return std::nullopt;
  if (ours.empty()) return false;
  if (bar->of == Bar::Of::kOurs) return bar->holds(ours.median());
  return ratio() && bar->holds(*ratio());
}

Row& Report::row(std::string metric, std::string unit, std::optional<Bar> bar) {
  Row row;
  row.metric = std::move(metric);
  row.unit = std::move(unit);
  row.bar = bar;
  rows_.push_back(std::move(row));
  return rows_.back();
}

bool Report::passed() const {
  return std::all_of(rows_.begin(), rows_.end(),
                     [](const Row& row) { return row.passed().value_or(true); });
}

std::string Report::to_text() const {
  const Machine machine = Machine::read();
  std::string out = fmt::format("{} on {}, {} cores, {}\n", build_text(), machine.cpu,
                                machine.cores, machine.kernel);
  if (!is_release()) out += "warning: not a Release build; these figures mean nothing\n";
  std::vector<std::vector<std::string>> lines = {
      {workload_, "median", "range", "spread", "peer", "ratio", "bar", ""}};
  for (const Row& row : rows_) lines.push_back(cells(row));
  out += table(lines);
  for (const auto& note : notes_) out += "  " + note + '\n';
  return out;
}

std::string Report::to_json() const {
  const Machine machine = Machine::read();
  json::Writer out;
  out.object().field("workload", workload_).field("version", version()).field("commit", commit());
  out.field("compiler", compiler()).field("build_type", build_type()).field("cpu", machine.cpu);
  out.field("cores", machine.cores).field("kernel", machine.kernel).field("passed", passed());
  out.key("rows").array();
  for (const Row& row : rows_) write_row(out, row);
  out.end().strings("notes", notes_).end();
  return out.take();
}

Machine Machine::read() {
  Machine machine;
  machine.cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  utsname kernel{};
  if (::uname(&kernel) == 0) machine.kernel = fmt::format("{} {}", kernel.sysname, kernel.release);
  machine.cpu = "unknown CPU";
  auto lines = LineReader::open("/proc/cpuinfo");
  if (!lines.ok()) return machine;
  for (auto line = lines->next(); line.ok() && *line; line = lines->next()) {
    const auto colon = (*line)->find(':');
    if (colon == std::string_view::npos || trim((*line)->substr(0, colon)) != "model name")
      continue;
    machine.cpu = trim((*line)->substr(colon + 1));
    break;
  }
  return machine;
}

Result<std::string> Context::own_program(std::string_view name) const {
  auto path = find_program(fmt::format("{}/{}", own_directory, name), "");
  if (!path.ok()) return path.error().with_context("needed for this workload");
  return path;
}

Result<std::string> Context::peer_program(std::string_view name, std::string_view package) const {
  auto path = find_program(name, search_path);
  if (path.ok()) return path;
  return Error{ErrorCode::kNotFound,
               fmt::format("{}: not installed: try apt install {}", name, package)};
}

Status alternate(const Context& context, const std::function<Status()>& ours,
                 const std::function<Status()>& peer) {
  for (int i = 0; i < context.repeats; ++i) {
    if (context.stop.stop_requested()) return Error{ErrorCode::kCancelled, "benchmark: stopped"};
    context.progress(fmt::format("repeat {} of {}", i + 1, context.repeats));
    M8_TRY(ours());
    if (peer) M8_TRY(peer());
  }
  return {};
}

Result<ChildUsage> run_checked(const Context& context, const ChildOptions& options,
                               std::chrono::milliseconds timeout) {
  const auto usage = M8_TRY(run_child(options, timeout, context.clock, context.stop));
  if (usage.exit_code == 0) return usage;
  return Error{ErrorCode::kInternal, fmt::format("{}: exit code {} {}", options.arguments[0],
                                                 usage.exit_code, last_line(options.errors.path))};
}

Status wait_for_file(const Context& context, const std::string& path, const Child& server,
                     std::chrono::milliseconds timeout) {
  const auto deadline = context.clock.now() + timeout;
  while (::access(path.c_str(), R_OK) != 0) {
    if (!server.running())
      return Error{ErrorCode::kInternal, "server ended before it was ready: " + path};
    if (context.clock.now() >= deadline) return Error{ErrorCode::kTimeout, path + ": not there"};
    if (!context.clock.sleep_until(context.clock.now() + std::chrono::milliseconds(5),
                                   context.stop))
      return Error{ErrorCode::kCancelled, path + ": stopped"};
  }
  return {};
}

}  // namespace m8::bench
