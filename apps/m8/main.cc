/// m8: everything around asmm8 and num8.
#include "m8_program.h"

int main(int argc, char** argv) { return m8::cli::run(m8::app::program(), argc, argv); }
