// asmm8: names of a domain, found and proven.
#include "asmm8_program.h"

int main(int argc, char** argv) { return m8::cli::run(m8::asmm8::program(), argc, argv); }
