/// Telemetry: what a running command shows of itself: a page for a Prometheus server, a file for a
/// textfile collector, and a socket for `m8 top`.
///
/// One thread of its own, and those of the page's server if there is one.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "cli/flag.h"
#include "metrics/cpu_profile.h"
#include "metrics/metrics.h"
#include "net/address.h"
#include "serve/server.h"

namespace m8::serve {

/// --metrics-listen, --metrics-file, --cpu-profile.
std::vector<cli::Flag> telemetry_flags();

/// The directory of the sockets of this user's programs, one file PID.sock each: below
/// $XDG_RUNTIME_DIR, else /tmp/m8-UID.
std::string socket_directory();

class Telemetry {
 public:
  struct Options {
    std::string program;             ///< "num8"
    std::string command;             ///< "scan"
    std::uint64_t memory_limit = 0;  ///< --max-memory; 0: none
    std::string listen;              ///< address; empty: no page
    std::string file;                ///< path; empty: none
    std::string cpu_profile;         ///< path; empty: none
    std::chrono::milliseconds file_interval{15'000};
    std::string socket_directory;  ///< made if it is missing (mode 0700); empty: no socket
  };
  /// What flags say of \p context's command. REQUIRES: telemetry_flags() were declared.
  static Options options(const cli::Context& context, std::uint64_t memory_limit);

  /// Shows metrics::Registry::process() from now on. kInvalidArgument for an address that is none,
  /// kExists and kDenied from listening, errors of the file. A socket that can't be made is
  /// logged (info): nothing depends on it. \p clock is borrowed.
  static Result<std::unique_ptr<Telemetry>> start(Options options, Clock& clock);
  ~Telemetry();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  /// Of the page; port 0 if there is none.
  net::SocketAddress address() const;
  /// Writes the file for the last time, with all that the run counted, and the profile.
  Status end();

 private:
  Telemetry(Options options, Clock& clock);
  Status open();
  void open_socket();
  Status write_file() const;
  void work(std::stop_token stop);
  void answer_caller();
  std::string live_json() const;

  const Options options_;
  Clock& clock_;
  metrics::Registry::Sampling sampling_;
  std::unique_ptr<metrics::CpuProfile> profile_;
  std::unique_ptr<Server> server_;
  std::string socket_path_;
  Fd socket_, wake_;
  std::jthread thread_;
};

}  // namespace m8::serve
