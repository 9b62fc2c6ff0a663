/// Job: a piece of a run as it travels: which command of ours, on what, with what.
///
/// A worker takes the word of nobody on the broker: a job is run only if the store knows it with
/// the same text (its digest), and only with flags that neither read nor write files of the
/// worker's machine. Paths are those of an archive that is known by its hash.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "queue/message.h"
#include "store/jobs.h"

namespace m8::fleet {

inline constexpr int kJobFormat = 2;  ///< 1: those without secrets
inline constexpr std::size_t kMaxJobBytes = 8u << 20;
inline constexpr std::size_t kMaxJobLines = 20'000;
inline constexpr std::size_t kMaxJobArguments = 20'000;

struct Job {
  store::JobKey key;
  std::string program;                 ///< "num8", "asmm8"
  std::string command;                 ///< "scan", "enum"
  std::vector<std::string> arguments;  ///< "--name=value"; a value "@..." is below the archive
  std::string secrets;  ///< a file below the archive: more arguments, a line each; empty: none
  std::string bundle;   ///< SHA-256 of the archive; empty: none
  std::vector<std::string> input;   ///< lines of stdin
  std::vector<std::int64_t> hosts;  ///< hashes of those it works on, sorted, once each
  double seconds = 0;               ///< expected work
};

/// One JSON object; of the oldest format that can say it.
std::string encode(const Job& job);
/// kUnsupported for a newer format ("format 3 is newer than this worker's 2"), kInvalidArgument for
/// what is no job of ours, out of bounds, or breaks check_job(). O(size).
Result<Job> decode(std::string_view text);
/// kDenied names the flag that may not be there, or the program.
Status check_job(const Job& job);
/// The same for arguments that came by another way than its message.
Status check_arguments(const Job& job, const std::vector<std::string>& arguments);

/// As it is published; its id is "RUN.NUMBER".
queue::Message to_message(const Job& job);
/// Reads such an id; empty if it is none.
std::optional<store::JobKey> key_of(std::string_view id);
/// What the store remembers of a message.
std::string digest_of(const queue::Message& message);

/// How a flag of a command travels.
enum class Travels {
  kNot,     ///< means nothing to a job, or is not allowed
  kText,    ///< its values are texts
  kPath,    ///< its values are files or folders, which travel in the archive
  kEither,  ///< texts, or files if there are such
};
/// For \p command: "num8 scan", "asmm8 enum".
Travels how_travels(std::string_view command, std::string_view flag);

/// Hash of a host for Job::hosts; the same on every machine.
std::int64_t host_hash(std::string_view host);

}  // namespace m8::fleet
