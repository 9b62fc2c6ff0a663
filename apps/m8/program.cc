#include "program.h"

#include "commands.h"

namespace m8::app {

cli::Program program() {
  cli::Program program;
  program.name = "m8";
  program.brief = "practice target and benchmarks for asmm8 and num8";
  program.commands = {lab_command()};
  for (auto& command : bench_commands()) program.commands.push_back(std::move(command));
  return program;
}

}  // namespace m8::app
