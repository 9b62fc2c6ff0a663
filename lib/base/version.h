/// What this build is: for --version, summaries and benchmarks.
#pragma once

namespace m8 {

const char* version();     ///< "0.1.0"
const char* commit();      ///< twelve hex digits, or "" outside a repository
const char* build_type();  ///< "Release", "Debug", ...
const char* compiler();    ///< "gcc 12.2.0" or "clang 14.0.6"

}  // namespace m8
