#include "commands.h"
#include "num8_program.h"

namespace m8::num8 {

cli::Program program() {
  return {
      "num8",
      "run nuclei templates against hosts and print the findings",
      {scan_command(), templates_list_command(), templates_validate_command(),
       templates_stats_command(), eval_command()},
  };
}

}  // namespace m8::num8
