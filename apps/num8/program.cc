#include <utility>

#include "commands.h"
#include "num8_program.h"

namespace m8::num8 {

cli::Program program() {
  cli::Program program{
      "num8",
      "run nuclei templates against hosts and print the findings",
      {scan_command(), templates_list_command(), templates_validate_command(),
       templates_stats_command(), templates_show_command(), templates_update_command(),
       eval_command()},
  };
  for (cli::Command& command : issue_commands()) program.commands.push_back(std::move(command));
  program.commands.push_back(report_command());
  for (cli::Command& command : burp_commands()) program.commands.push_back(std::move(command));
  return program;
}

}  // namespace m8::num8
