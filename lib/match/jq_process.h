/// JqProcess: the process that runs libjq, and the talk with it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/limited_process.h"
#include "base/result.h"
#include "match/jq.h"

namespace m8::match {

/// One caller at a time.
class JqProcess {
 public:
  JqProcess();

  /// See run_jq().
  Result<std::vector<JqValue>> run(std::string_view program, std::string_view document,
                                   std::chrono::milliseconds limit);

 private:
  Result<std::vector<JqValue>> ask(std::string_view program, std::string_view document,
                                   std::chrono::milliseconds limit);

  LimitedProcess helper_;
};

/// What the helper does until \p socket closes: reads requests, answers them.
///
/// Request: u32 CPU limit in ms, u32 program size, u32 document size, program, document. Answer:
/// bytes of 'v' (kind 's' or 'j', u32 size, text) for each value, then 'e' (end) or 'b' (the
/// program is no good). Native byte order: both ends are one program.
void serve_jq(int socket);

}  // namespace m8::match
