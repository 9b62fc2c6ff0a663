// m8 runs cancel: ends the work of a run that workers do.
#include <charconv>

#include <fmt/format.h>

#include "cli/exit_code.h"
#include "commands.h"
#include "store/chosen_store.h"
#include "store/settings.h"
#include "store/sql_jobs.h"

namespace m8::app {
namespace {

Result<std::int64_t> run_of(const std::string& text) {
  std::int64_t run = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), run);
  if (error != std::errc() || end != text.data() + text.size() || run < 1)
    return Error{ErrorCode::kInvalidArgument, fmt::format("{}: not the number of a run", text)};
  return run;
}

Status cancel(const cli::Values& flags) {
  if (flags.arguments().empty())
    return Error{ErrorCode::kInvalidArgument, "which run? m8 runs list shows them"};
  const auto store = M8_TRY(store::open_chosen(flags, {.must_exist = true}));
  for (const std::string& text : flags.arguments()) {
    const std::int64_t run = M8_TRY(run_of(text));
    const model::Run known = M8_TRY(store->find_run(run));
    const Status cancelled = store::SqlJobs(*store).cancel(run);
    if (cancelled.ok()) continue;
    if (cancelled.error().code != ErrorCode::kNotFound) return cancelled;
    if (known.status != "running")
      return Error{ErrorCode::kInvalidArgument, fmt::format("run {} is {}", run, known.status)};
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("run {} is not distributed: end its program", run)};
  }
  return {};
}

}  // namespace

cli::Command runs_cancel_command() {
  cli::Command command;
  command.name = "runs cancel";
  command.brief = "end the work of a distributed run";
  command.detail =
      "No job of it begins any more, and those that are under way are ended within seconds. What "
      "was found is kept, and the run can be gone on with (--resume).";
  command.arguments = "RUN...";
  command.flags = store::store_settings();
  command.run = [](const cli::Context& context) {
    const Status done = cancel(context.flags);
    return done.ok() ? cli::kDone : cli::fail("m8 runs cancel", done.error());
  };
  return command;
}

}  // namespace m8::app
