#include "store/judged.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/hash.h"

namespace m8::store {

/// Half of a SHA-256: signatures may be texts of strangers (import), and no two of those may meet.
Judged::Key Judged::key_of(std::string_view signature) {
  const std::string hex = sha256_hex(signature);
  Key key;
  std::from_chars(hex.data(), hex.data() + 16, key.first, 16);
  std::from_chars(hex.data() + 16, hex.data() + 32, key.second, 16);
  return key;
}

Result<Judged> Judged::load(Life& life) {
  Judged judged;
  M8_TRY(life.for_each_judged([&judged](std::string_view signature) {
    judged.keys_.push_back(key_of(signature));
    return Status();
  }));
  std::sort(judged.keys_.begin(), judged.keys_.end());
  return judged;
}

bool Judged::contains(std::string_view signature) const {
  return !keys_.empty() && std::binary_search(keys_.begin(), keys_.end(), key_of(signature));
}

}  // namespace m8::store
