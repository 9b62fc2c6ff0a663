/// Domains from arguments, -l FILE or stdin.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/name.h"

namespace m8::asmm8 {

/// The names of \p given, then those of \p file (stdin when neither names anything, or for "-"),
/// canonical, once each. kInvalidArgument "hosts.txt:3: ..."; errors of reading; kCancelled.
Result<std::vector<net::Name>> read_domains(std::vector<std::string> given, const std::string& file,
                                            std::stop_token stop = {});

}  // namespace m8::asmm8
