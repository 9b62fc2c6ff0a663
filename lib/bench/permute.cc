// `m8 bench permute`: candidates a second to a file, of names made by rule.
#include <unordered_set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "bench/registry.h"
#include "cli/make_flag.h"

namespace m8::bench {
namespace {

constexpr auto kWait = std::chrono::seconds(120);
constexpr double kLeastCandidates = 2'000'000;
constexpr double kMostMegabytes = 60;
constexpr double kMostRepeated = 1;  // of a hundred lines
/// So many times the names for the run that shows that memory does not follow them.
constexpr int kMoreNames = 4;

/// Names as an inventory has them: one to three labels under a few zones, some with numbers.
std::string names(int count) {
  static constexpr const char* kLabels[] = {"api", "mail", "edge", "store", "vpn", "build", "cdn"};
  static constexpr const char* kZones[] = {"example.com", "example.org", "corp.example.co.uk"};
  std::string text;
  for (int i = 0; i < count; ++i) {
    const char* label = kLabels[i % std::size(kLabels)];
    const char* zone = kZones[i / 7 % std::size(kZones)];
    if (i % 3 == 0) {
      text += fmt::format("{}{:03}.{}\n", label, i, zone);
    } else if (i % 3 == 1) {
      text += fmt::format("{}-{}.eu{}.{}\n", label, i, i % 40, zone);
    } else {
      text += fmt::format("n{}.{}.dc{}.{}\n", i, label, i % 25, zone);
    }
  }
  return text;
}

ChildOptions command(const Context& context, const std::string& program, const std::string& list,
                     const std::string& out) {
  ChildOptions options;
  options.arguments = {program, "permute", "-l", list};
  options.output = ChildStream::file(out);
  options.errors = ChildStream::file(context.temp_directory + "/permute.err");
  return options;
}

struct Made {
  double lines = 0;
  double repeated = 0;  ///< percent
};

/// Reads what was made. kInternal if a line is none of the names' zones.
Result<Made> read_made(const std::string& path) {
  auto lines = M8_TRY(LineReader::open(path));
  std::unordered_set<std::uint64_t> seen;
  Made made;
  const SeededHash hash{};
  for (;;) {
    const auto line = M8_TRY(lines.next());
    if (!line) break;
    if (line->find(".example.") == line->npos || line->front() == '.' || line->front() == '-')
      return Error{ErrorCode::kInternal, "not a candidate: " + std::string(*line)};
    ++made.lines;
    if (!seen.insert(hash(*line)).second) ++made.repeated;
  }
  if (made.lines == 0) return Error{ErrorCode::kInternal, "permute made nothing"};
  made.repeated *= 100 / made.lines;
  return made;
}

Result<Report> run(const Context& context) {
  const int count = context.flags.number<int>("names");
  const std::string program = M8_TRY(context.own_program("asmm8"));
  const std::string list = context.temp_directory + "/names.txt";
  const std::string more = context.temp_directory + "/more.txt";
  const std::string out = context.temp_directory + "/candidates.txt";
  M8_TRY(write_file_atomically(list, names(count)));
  M8_TRY(write_file_atomically(more, names(kMoreNames * count)));
  M8_TRY(run_checked(context, command(context, program, list, out), kWait));
  const Made made = M8_TRY(read_made(out));
  Report report("permute");
  Row& speed = report.row("to a file", "candidates/s", Bar::at_least(kLeastCandidates));
  Row& cpu = report.row("CPU per candidate", "ns");
  Row& memory = report.row("peak memory", "MB", Bar::at_most(kMostMegabytes));
  Row& flat = report.row(fmt::format("peak memory, {} x the names", kMoreNames), "MB",
                         Bar::at_most(kMostMegabytes));
  report.row("repeated lines", "%", Bar::at_most(kMostRepeated)).ours.add(made.repeated);
  const auto repeat = [&]() -> Status {
    const auto usage = M8_TRY(run_checked(context, command(context, program, list, out), kWait));
    const std::chrono::duration<double> wall = usage.wall;
    speed.ours.add(made.lines / wall.count());
    cpu.ours.add(static_cast<double>(usage.cpu().count()) * 1000 / made.lines);
    memory.ours.add(static_cast<double>(usage.peak_rss_bytes) / 1e6);
    return {};
  };
  M8_TRY(alternate(context, repeat, nullptr));
  const auto usage = M8_TRY(run_checked(context, command(context, program, more, out), kWait));
  flat.ours.add(static_cast<double>(usage.peak_rss_bytes) / 1e6);
  report.note(
      fmt::format("{} names, {} candidates by the patterns built in; every line is checked "
                  "and counted once before the first repeat",
                  count, made.lines));
  return report;
}

std::vector<cli::Flag> flags() {
  return {cli::typed(
      cli::with_default(cli::valued("Benchmark", "names", {}, "N", "names to make candidates of"),
                        "4000"),
      cli::ValueType::number(1, 100'000))};
}

}  // namespace

extern const Workload kPermute;
const Workload kPermute{"permute", "candidate names a second, to a file", flags, run};

}  // namespace m8::bench
