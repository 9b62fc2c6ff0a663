/// num8: runs nuclei templates against hosts.
#include "commands.h"

int main(int argc, char** argv) {
  using namespace m8::num8;
  m8::cli::Program program;
  program.name = "num8";
  program.brief = "run nuclei templates against hosts and print the findings";
  program.commands = {scan_command(), templates_list_command(), templates_validate_command(),
                      templates_stats_command(), eval_command()};
  return m8::cli::run(program, argc, argv);
}
