/// Report: how a source ended, for one domain or for a run.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace m8::enumerate::sources {

enum class State : unsigned char {
  kOk,       ///< gave names
  kEmpty,    ///< answered, and knows none
  kPartial,  ///< a cap or the deadline ended it, or not every domain worked
  kLimited,  ///< quota or rate used up
  kAuth,     ///< no key, or it was refused
  kDown,     ///< no answer, or none that makes sense
};

/// "ok", "empty", "partial", "limited", "auth", "down".
const char* to_string(State state);
/// As to_string() writes it; kDown for anything else.
State state_of(std::string_view text);
/// limited, auth or down.
bool failed(State state);

struct Report {
  std::string source;
  State state = State::kEmpty;
  std::uint64_t names = 0;     ///< distinct for each domain, those kept from before included
  std::uint64_t requests = 0;  ///< sent, those for other keys included
  std::chrono::milliseconds duration{0};
  std::string reason;   ///< why not ok; no key is ever in it
  bool cached = false;  ///< (also) from an answer kept from before
  WallTime ended{};
};

/// What the reports about many domains come to for one source.
class Tally {
 public:
  void add(const Report& report);
  std::size_t reports() const { return reports_; }
  /// kEmpty if there were none.
  Report total() const;

 private:
  Report all_;    ///< sums
  Report worst_;  ///< the first of those that ended worst
  std::size_t reports_ = 0, failures_ = 0;
};

/// How each source did when it was last asked, from the file at \p path; empty if there is none or
/// it can't be read: it is only a memory.
std::vector<Report> read_last(const std::string& path);
/// Puts \p reports into the file at \p path, in place of earlier ones of the same sources. kIo and
/// the like.
Status write_last(const std::string& path, const std::vector<Report>& reports);

}  // namespace m8::enumerate::sources
