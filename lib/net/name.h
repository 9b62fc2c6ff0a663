/// Name: a DNS host name, never a bare string (RFC 1035 2.3.4, RFC 5890).
///
/// Held in ASCII, lower case, without the final dot; 1..253 bytes, labels of 1..63 bytes.
/// Underscores are allowed (service names). The root is not a Name.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::net {

class Name {
 public:
  /// Lower-cases, converts IDNA (libidn2, UTS 46 non-transitional), drops one final dot.
  /// kInvalidArgument with the reason: empty label, label over 63 bytes, name over 253, bad
  /// character.
  static Result<Name> parse(std::string_view text);
  /// For text that is already in canonical form, such as a decoded answer. Not checked.
  static Name trusted(std::string text) { return Name(std::move(text)); }

  const std::string& text() const { return text_; }
  /// Suffix-correct: "a.example.com" is inside "example.com", "notexample.com" is not. A name is
  /// inside itself.
  bool is_inside(const Name& apex) const;
  /// Number of labels.
  int labels() const;
  /// Without its first label; empty text for a single label.
  std::string_view parent() const;

  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  explicit Name(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// is_inside() for canonical text.
bool name_is_inside(std::string_view name, std::string_view apex);

/// Splits by the public suffix list (libpsl): "a.b.example.co.uk" -> sub "a.b", domain "example",
/// suffix "co.uk", registrable "example.co.uk". kNotFound for addresses, "localhost", and suffixes.
struct SuffixSplit {
  std::string registrable, domain, suffix, sub;
};
Result<SuffixSplit> split_suffix(std::string_view name);

}  // namespace m8::net

template <>
struct std::hash<m8::net::Name> {
  std::size_t operator()(const m8::net::Name& name) const noexcept {
    return std::hash<std::string>{}(name.text());
  }
};
