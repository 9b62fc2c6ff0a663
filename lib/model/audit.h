/// Audit: a record of each request that went out, whatever became of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"

namespace m8::model {

/// On whose behalf a request is made.
struct Origin {
  std::string template_id;  ///< empty: a probe
  std::string target;       ///< as it was given
  bool shared = false;      ///< for all templates that send the same, the first of which is named
};

/// One attempt that put bytes on the wire: redirect hops and further tries are records of their
/// own.
struct AuditRecord {
  WallTime time{};  ///< of the end: the answer, or the error
  std::string protocol = "http";
  Origin origin;
  std::string method, url;                    ///< of an unsafe request: "RAW" and where it goes
  std::string address;                        ///< ADDRESS:PORT that got the bytes
  int status = 0;                             ///< 0: no answer
  std::string error;                          ///< why there is none
  std::uint64_t bytes_out = 0, bytes_in = 0;  ///< of the message; received: of the body as kept
  std::chrono::microseconds duration{};       ///< to the end of the answer's head
};

/// Thread-safe; called on loop threads, so it must not wait for long.
class Audit {
 public:
  virtual ~Audit() = default;
  virtual void sent(const AuditRecord& record) = 0;
};

}  // namespace m8::model
