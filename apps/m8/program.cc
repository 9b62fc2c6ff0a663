#include "commands.h"
#include "m8_program.h"

namespace m8::app {

cli::Program program() {
  cli::Program program;
  program.name = "m8";
  program.brief =
      "the API and dashboard, workers, health and metrics, the store and its runs, out-of-band "
      "interactions, the practice target, benchmarks";
  program.commands = {lab_command(), oob_command(),    serve_command(),      health_command(),
                      top_command(), worker_command(), runs_cancel_command()};
  for (const auto& commands :
       {config_commands(), bench_commands(), db_commands(), runs_commands(), notify_commands(),
        queue_commands(), token_commands(), metrics_commands(), alert_commands()}) {
    program.commands.insert(program.commands.end(), commands.begin(), commands.end());
  }
  for (cli::Command& command : cache_commands()) program.commands.push_back(std::move(command));
  return program;
}

}  // namespace m8::app
