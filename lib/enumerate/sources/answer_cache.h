/// AnswerCache: the last good answer of each source about each domain, in files.
///
/// Written atomically: any number of runs may share it. Any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/name.h"

namespace m8::enumerate::sources {

class AnswerCache {
 public:
  struct Answer {
    WallTime time{};  ///< when it was given, to the second
    std::vector<net::Name> names;
    bool fresh = false;  ///< younger than the cache's time to live
  };

  /// \p folder: empty = keeps nothing; made when needed. \p ttl: 0 = nothing is fresh.
  AnswerCache(std::string folder, std::chrono::seconds ttl, Clock& clock)
      : folder_(std::move(folder)), ttl_(ttl), clock_(clock) {}

  /// \p variant: what else the answer depends on, such as the base URL. None if there is no answer,
  /// or one older than 30 days or damaged.
  std::optional<Answer> find(std::string_view source, const net::Name& domain,
                             std::string_view variant) const;
  /// kIo, kDenied, kExhausted.
  Status keep(std::string_view source, const net::Name& domain, std::string_view variant,
              const std::vector<std::string>& names) const;

 private:
  std::string path_of(std::string_view source, const net::Name& domain,
                      std::string_view variant) const;
  const std::string folder_;
  const std::chrono::seconds ttl_;
  Clock& clock_;
};

}  // namespace m8::enumerate::sources
