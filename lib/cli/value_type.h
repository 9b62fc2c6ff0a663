/// What a value has to look like, and how it is read: numbers, durations, sizes, rates, URLs.
///
/// Threads: plain functions, no state.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace m8::cli {

/// The type of a flag's value. Bounds are inclusive.
struct ValueType {
  enum class Kind { kText, kNumber, kDuration, kSize, kRate, kUrl, kPlace };
  Kind kind = Kind::kText;
  long long min = 0;  ///< kNumber: itself; kDuration: milliseconds; kSize: bytes; else unused
  long long max = 0;

  /// A whole number.
  static ValueType number(long long min, long long max) { return {Kind::kNumber, min, max}; }
  /// "10s", "500ms", "2m30s"; see parse_duration().
  static ValueType duration(std::chrono::milliseconds min, std::chrono::milliseconds max) {
    return {Kind::kDuration, min.count(), max.count()};
  }
  /// "150M"; see parse_size().
  static ValueType size(long long min, long long max) { return {Kind::kSize, min, max}; }
  /// "150/s", "4/m"; 0 is unlimited; see net::Rate::parse().
  static ValueType rate() { return {Kind::kRate, 0, 0}; }
  /// "SCHEME:REST" without blanks.
  static ValueType url() { return {Kind::kUrl, 0, 0}; }
  /// A URL or a path.
  static ValueType place() { return {Kind::kPlace, 0, 0}; }

  /// Its values may have a password in them.
  bool is_location() const { return kind == Kind::kUrl || kind == Kind::kPlace; }
  /// "1 to 100", "1s to 1h", "1 to 4G"; empty for types without bounds.
  std::string range() const;
};

/// kInvalidArgument with the reason and, unless \p secret, the value: "not a whole number: x",
/// "must be 1 to 8: 9", "not a duration: x".
Status check_value(const ValueType& type, std::string_view text, bool secret);

/// A whole number, all of \p text. kInvalidArgument "not a whole number".
Result<long long> parse_number(std::string_view text);

/// true/false, yes/no, on/off, 1/0. kInvalidArgument "not true or false".
Result<bool> parse_switch(std::string_view text);

/// "10", "10s", "500ms", "2m30s", "1h", "1d", "1.5s"; a bare number is seconds. Milliseconds.
/// kInvalidArgument "not a duration".
Result<long long> parse_duration(std::string_view text);

/// "1048576", "150M", "1.5G", "64K"; powers of 1024, also written MB or MiB. Bytes.
/// kInvalidArgument "not a size".
Result<long long> parse_size(std::string_view text);

/// The longest unit that divides it: "1h", "90s", "500ms", "0".
std::string duration_text(long long milliseconds);
/// The largest unit that divides it: "4G", "150M", "1000".
std::string size_text(long long bytes);

/// \p url with a password in it (user info, or a `password` parameter) made "***".
std::string without_password(std::string_view url);

}  // namespace m8::cli
