/// m8 bench NAME: measures a workload against its peer.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "base/temp_file.h"
#include "bench/registry.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
#include "commands.h"

namespace m8::app {
namespace {

std::string environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value && *value ? value : fallback;
}

std::string own_directory() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

Result<bench::Report> measure(const bench::Workload& workload, const cli::Values& flags) {
  const cli::Signals signals;
  const auto temp = M8_TRY(TempDirectory::create(environment("TMPDIR", "/tmp")));
  const bool quiet = flags.on("quiet");
  const bench::Context context{
      flags,
      flags.number<int>("repeat"),
      environment("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin",
      own_directory(),
      temp.path(),
      [quiet](const std::string& line) {
        if (!quiet) fmt::print(stderr, "{}\n", line);
      },
      SystemClock::instance(),
      signals.token(),
  };
  return workload.run(context);
}

int run(const bench::Workload& workload, const cli::Context& context) {
  const auto report = measure(workload, context.flags);
  if (!report.ok()) {
    fmt::print(stderr, "m8 bench {}: {}\n", workload.name, report.error().message);
    return cli::exit_code(report.error());
  }
  const std::string text = context.flags.on("json") ? report->to_json() + '\n' : report->to_text();
  std::fwrite(text.data(), 1, text.size(), stdout);
  return report->passed() ? cli::kDone : cli::kFailed;
}

cli::Command command_of(const bench::Workload& workload) {
  cli::Command command;
  command.name = fmt::format("bench {}", workload.name);
  command.brief = workload.brief;
  command.detail =
      "Checks its answer, measures several times, the peer in turn with ours, and prints medians. "
      "Exit code 1 if a bar was missed. Build Release for figures that mean anything.";
  command.flags = bench::bench_flags();
  if (workload.flags)
    for (auto& flag : workload.flags()) command.flags.push_back(std::move(flag));
  command.examples = {fmt::format("m8 bench {} --json", workload.name)};
  command.run = [&workload](const cli::Context& context) { return run(workload, context); };
  return command;
}

}  // namespace

std::vector<cli::Command> bench_commands() {
  std::vector<cli::Command> commands;
  for (const bench::Workload* workload : bench::workloads())
    commands.push_back(command_of(*workload));
  return commands;
}

}  // namespace m8::app
