/// `m8 bench startup`: what it costs to start one of our programs, against /bin/true.
#include <fmt/format.h>

#include "base/file.h"
#include "base/version.h"
#include "bench/registry.h"

namespace m8::bench {
namespace {

constexpr int kStartsPerRepeat = 20;
constexpr auto kTimeout = std::chrono::seconds(10);

Status check_answer(const Context& context, const std::string& program) {
  const std::string out = context.temp_directory + "/version";
  ChildOptions options{{program, "--version"}, {}, ChildStream::file(out), {}};
  M8_TRY(run_checked(context, options, kTimeout));
  const std::string text = M8_TRY(read_file(out));
  if (text.find(version()) == text.npos)
    return Error{ErrorCode::kInternal,
                 fmt::format("{} --version: no {} in it", program, version())};
  return {};
}

/// Mean wall time of one start in milliseconds.
Status measure(const Context& context, const std::vector<std::string>& arguments, Series& series) {
  const auto begin = context.clock.now();
  for (int i = 0; i < kStartsPerRepeat; ++i)
    M8_TRY(run_checked(context, {arguments, {}, {}, {}}, kTimeout));
  const std::chrono::duration<double, std::milli> wall = context.clock.now() - begin;
  series.add(wall.count() / kStartsPerRepeat);
  return {};
}

Result<Report> run(const Context& context) {
  const std::string program = M8_TRY(context.own_program("m8"));
  const std::string peer = M8_TRY(context.peer_program("true", "coreutils"));
  M8_TRY(check_answer(context, program));
  Report report("startup");
  Row& row = report.row("m8 --version, wall", "ms");
  row.peer_name = "true";
  M8_TRY(alternate(
      context,
      [&] {
        return measure(context, {program, "--version"}, row.ours);
      },
      [&] { return measure(context, {peer}, row.peer); }));
  report.note(fmt::format("mean of {} starts in each repeat", kStartsPerRepeat));
  return report;
}

}  // namespace

extern const Workload kStartup;
const Workload kStartup{"startup", "what it costs to start one of our programs", nullptr, run};

}  // namespace m8::bench
