/// num8: runs nuclei templates against hosts.
#include "num8_program.h"

int main(int argc, char** argv) { return m8::cli::run(m8::num8::program(), argc, argv); }
