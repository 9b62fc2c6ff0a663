/// Run: one execution of a command, and the outcomes it counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"

namespace m8::model {

/// What became of one finished or skipped piece of work.
struct Outcome {
  enum class Kind { kDone, kFailed, kSkipped };
  Kind kind = Kind::kDone;
  std::string target;
  std::string what;    ///< template id, "resolve", "probe"
  std::string reason;  ///< why failed or skipped; empty when done
};

/// How a passive source ended.
struct SourceEnd {
  std::string source;
  std::string state;  ///< "ok", "empty", "partial", "limited", "auth", "down"
  std::uint64_t names = 0;
  std::uint64_t requests = 0;
  std::chrono::milliseconds duration{0};
  std::string reason;   ///< why not more
  bool cached = false;  ///< (also) from an answer kept from before
};

struct Run {
  std::int64_t id = 0;  ///< given by the store
  std::string command;  ///< "asmm8 enum"
  std::string arguments;
  std::string version;
  WallTime started{};
  WallTime ended{};
  std::string status;  ///< "running", "done", "incomplete", "interrupted", "failed"
  std::map<std::string, std::uint64_t> counts;  ///< asked, done, requests, bytes, errors.<class>...
  std::vector<SourceEnd> sources;               ///< the passive sources that were asked
};

}  // namespace m8::model
