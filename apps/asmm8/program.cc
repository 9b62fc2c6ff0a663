#include "asmm8_program.h"
#include "commands.h"

namespace m8::asmm8 {

cli::Program program() {
  cli::Program program;
  program.name = "asmm8";
  program.brief = "find the names of domains, resolve and prove them";
  program.commands = {enum_command(), permute_command(), resolve_command()};
  for (const auto& commands : {domain_commands(), host_commands()}) {
    program.commands.insert(program.commands.end(), commands.begin(), commands.end());
  }
  return program;
}

}  // namespace m8::asmm8
