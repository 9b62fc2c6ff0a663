/// m8: everything around asmm8 and num8.
#include "commands.h"

int main(int argc, char** argv) {
  m8::cli::Program program;
  program.name = "m8";
  program.brief = "practice target and benchmarks for asmm8 and num8";
  program.commands.push_back(m8::app::lab_command());
  for (auto& command : m8::app::bench_commands()) program.commands.push_back(std::move(command));
  return m8::cli::run(program, argc, argv);
}
