/// Live: the programs of this user that run now, asked through their sockets (serve/telemetry.h).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/snapshot.h"

namespace m8::app {

/// A running program, and its metrics now.
struct Live {
  std::int64_t pid = 0;
  std::string program, command, version;
  metrics::Snapshot snapshot;
  std::string json;  ///< its own words, one line
};

/// Reads what \p text, from a socket, says. kProtocol for what is none.
Result<Live> parse_live(const std::string& text);
/// All that answer, by process id. Sockets that nobody listens to any more are removed.
std::vector<Live> live_processes();
/// The one with \p pid. kNotFound "no program of yours with process id ...".
Result<Live> live_process(std::int64_t pid);

}  // namespace m8::app
