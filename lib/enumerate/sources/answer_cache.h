/// AnswerCache: the last good answer of each source about each domain, in a cache that outlasts the
/// run. Any number of runs may share it. Any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cache/cache.h"
#include "net/name.h"

namespace m8::enumerate::sources {

class AnswerCache {
 public:
  struct Answer {
    WallTime time{};  ///< when it was given, to the second
    std::vector<net::Name> names;
    bool fresh = false;  ///< younger than the cache's time to live
  };

  /// \p backend: null = keeps nothing; borrowed. \p ttl: 0 = nothing is fresh.
  AnswerCache(cache::Backend* backend, std::chrono::seconds ttl, Clock& clock);

  /// \p variant: what else the answer depends on, such as the base URL. None if there is no answer,
  /// or one older than 30 days or damaged.
  std::optional<Answer> find(std::string_view source, const net::Name& domain,
                             std::string_view variant);
  void keep(std::string_view source, const net::Name& domain, std::string_view variant,
            const std::vector<std::string>& names);

 private:
  std::optional<cache::Cache> cache_;
  const std::chrono::seconds ttl_;
  Clock& clock_;
};

}  // namespace m8::enumerate::sources
