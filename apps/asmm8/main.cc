// asmm8: names of a domain, found and proven.
#include "commands.h"

int main(int argc, char** argv) {
  const m8::cli::Program program{
      "asmm8",
      "find the names of domains, resolve and prove them",
      {m8::asmm8::enum_command(), m8::asmm8::resolve_command()},
  };
  return m8::cli::run(program, argc, argv);
}
