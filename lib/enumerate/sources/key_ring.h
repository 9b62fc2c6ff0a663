/// KeyRing: the keys of one source, and which of them may be used now.
///
/// Keys with the most quota left (X-RateLimit headers, where the source sends them) go first, the
/// others in turn; a refused one is not used again, a limited one not before its time. A source
/// without keys has one empty key, so that limits are kept in the same place.
///
/// One thread at a time: one request is under way for each source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/response.h"

namespace m8::enumerate::sources {

class KeyRing {
 public:
  struct Entry {
    std::string text;
    bool refused = false;
    std::optional<std::int64_t> remaining;  ///< requests left, if the source said so
    SteadyTime usable{};                    ///< not before
  };

  KeyRing(const std::vector<std::string>& keys, Clock& clock);

  /// The key to use next; if it is limited, `usable` says from when on. Null if all were refused.
  Entry* best();
  /// Whether a key besides \p entry can be used now.
  bool another(const Entry& entry) const;
  /// best(), and the next one's turn after it.
  Entry* pick();
  /// Takes in what \p response says of the quota of \p entry.
  void learn(Entry& entry, const http::Response& response);
  /// \p entry is out of quota: for as long as \p response says, else a minute.
  void limit(Entry& entry, const http::Response& response);

 private:
  Clock& clock_;
  std::vector<Entry> entries_;
  std::size_t turn_ = 0;
};

/// What stands for {id} and {secret}: the halves of \p key at the first ':', or at the last one if
/// the id is a URL. Without a ':' it is all secret.
std::pair<std::string, std::string> split_key(const std::string& key);

}  // namespace m8::enumerate::sources
