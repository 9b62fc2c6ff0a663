/// What an answer says of a name: its values, with the CNAME chain followed and strangers left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dns/resolver.h"
#include "dns/wire.h"

namespace m8::dns {

/// Values as text, in memory that is used again. Plain value, one thread.
class AnswerValues {
 public:
  struct Value {
    RrType type = RrType::kA;
    std::uint32_t at = 0, size = 0;
    std::uint32_t ttl = 0;  ///< seconds
    /// Whose record it is: a name of the chain; size 0 for the name asked for.
    std::uint32_t owner_at = 0, owner_size = 0;
  };

  void clear();
  bool empty() const { return values_.empty(); }
  const std::vector<Value>& all() const { return values_; }
  /// Borrowed until the next change.
  std::string_view text(const Value& value) const {
    return std::string_view(text_).substr(value.at, value.size);
  }
  std::string_view owner(const Value& value) const {
    return std::string_view(text_).substr(value.owner_at, value.owner_size);
  }
  /// Texts of one type, copied, in the order of the answer.
  std::vector<std::string> of(RrType type) const;
  bool has(RrType type) const;
  bool contains(RrType type, std::string_view wanted) const;
  /// Lowest TTL of the records taken, seconds; 0 without any.
  std::uint32_t ttl() const { return values_.empty() ? 0 : ttl_; }

  /// Adds the records of \p type that belong to the question of \p message (RFC 1034 4.3.2: those
  /// of its name, or of the end of the CNAME chain that starts there) and the CNAMEs on the way.
  /// Records of other names are ignored, and so are values that are there already. \p message is
  /// well-formed up to the end of its answers.
  void add(Bytes message, RrType type);

 private:
  friend class AnswerReader;
  std::string text_;
  std::vector<Value> values_;
  std::uint32_t ttl_ = 0;
};

}  // namespace m8::dns
