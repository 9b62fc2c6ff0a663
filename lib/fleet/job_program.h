/// What a job becomes on a worker: a program of ours, its arguments, and files for it alone.
///
/// Paths of the archive become paths here; what would read another file of this machine is refused.
/// Secrets do not show in the list of processes: they go into a file that only this user can read.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/temp_file.h"
#include "fleet/job.h"
#include "fleet/program.h"

namespace m8::fleet {

/// What all jobs of a worker have in common.
struct JobProgramOptions {
  std::string cache;          ///< folder for archives, unpacked, and for what programs keep
  std::string temp = "/tmp";  ///< files of a job and its results wait there
  std::string scope;          ///< a file: narrows the scope of every job; empty: none
  std::size_t memory = 0;     ///< bytes of each program; 0: no limit
  int nice = 0;
  std::chrono::milliseconds time{25 * 60'000};  ///< a job that takes longer is a death
};

/// The files go when this goes.
class JobProgram {
 public:
  /// \p root: where its archive was unpacked; empty: it has none. \p share: of its run's rate,
  /// thousandths of requests a second; 0: no limit. kDenied for what a job may not have; errors of
  /// files, and kNotFound if the program is not there.
  static Result<JobProgram> create(const Job& job, const std::string& root, std::int64_t share,
                                   const JobProgramOptions& options);
  const ProgramOptions& program() const { return program_; }

 private:
  Status narrow_scope_to(const JobProgramOptions& options);
  Status hide(const std::vector<std::string>& secrets, const JobProgramOptions& options);

  ProgramOptions program_;
  std::optional<TempFile> scope_, config_;
};

/// A config file of "--name=value" and "--name", in which every value is the text that it was.
/// For a program whose environment has kFileWord.
std::string config_of(const std::vector<std::string>& arguments);
/// A variable for the beginning of a text that a config file would take for the name of one.
inline constexpr const char* kFileWord = "JOB_FILE_WORD=file:";

}  // namespace m8::fleet
