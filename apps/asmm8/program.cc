#include "program.h"

#include "commands.h"

namespace m8::asmm8 {

cli::Program program() {
  return {
      "asmm8",
      "find the names of domains, resolve and prove them",
      {enum_command(), resolve_command()},
  };
}

}  // namespace m8::asmm8
