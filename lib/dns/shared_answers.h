/// SharedAnswers: addresses of hosts that other processes have looked up, in a cache they share.
///
/// An answer is good until its TTL is over, whoever keeps it. It counts only for who asks the same
/// resolvers for the same family. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cache/cache.h"
#include "net/resolve.h"

namespace m8::dns {

/// What is kept of a host.
struct SharedAnswer {
  net::HostLookup::Addresses addresses;  ///< empty: there is no such name, or it has no address
  std::int64_t expires = 0;              ///< Unix time, seconds

  std::string to_text() const;
  /// Nothing if it is not whole, or has more than 1000 lines.
  static std::optional<SharedAnswer> parse(std::string_view text);
};

class SharedAnswers {
 public:
  /// The answer and how long it is good: at least a second. Nothing: nobody knows.
  using Done =
      std::function<void(std::optional<SharedAnswer> answer, std::chrono::seconds remaining)>;

  /// \p asked: what else an answer depends on (resolvers, family). Borrows both.
  SharedAnswers(cache::Backend& backend, const std::string& asked, Clock& clock);

  /// Calls \p done once, from any thread.
  void find(const std::string& host, Done done);
  void keep(const std::string& host, const net::HostLookup::Addresses& addresses,
            std::chrono::seconds ttl);

 private:
  Clock& clock_;
  cache::Cache cache_;
};

}  // namespace m8::dns
