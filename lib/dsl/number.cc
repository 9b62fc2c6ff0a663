#include "dsl/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace m8::dsl {
namespace {

const char* special_text(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  return nullptr;
}

std::string format(double v, std::chars_format form) {
  if (const char* special = special_text(v)) return special;
  std::array<char, 512> buffer;  // fixed form of the greatest double has 309 digits
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, form);
  return {buffer.data(), end.ptr};
}

std::string_view without_plus(std::string_view text) {
  const bool plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  return plus ? text.substr(1) : text;
}

}  // namespace

std::string exponent_text(double v) { return format(v, std::chars_format::scientific); }

std::string plain_text(double v) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::abs(v) < kExact || special_text(v) != nullptr) {
    return format(v, std::chars_format::fixed);
  }
  // The shortest digits, then zeros; the library would print the exact integer.
  const std::string text = exponent_text(v);
  const std::size_t e = text.find('e');
  const auto exponent = static_cast<std::size_t>(std::atoi(text.c_str() + e + 1));
  std::string digits = text.substr(0, e);
  std::erase(digits, '.');
  const std::size_t sign = v < 0 ? 1 : 0;
  digits.resize(std::max(digits.size(), sign + exponent + 1), '0');
  return digits;
}

std::string shortest_text(double v) {
  if (special_text(v) != nullptr || v == 0) return plain_text(v);
  std::string text = exponent_text(v);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  return exponent < -4 || exponent >= 6 ? text : plain_text(v);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  text = without_plus(text);
  std::int64_t value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || text.empty()) return {};
  return value;
}

std::optional<double> parse_float(std::string_view text) {
  text = without_plus(text);
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return {};
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool tiny = end.ec == std::errc::result_out_of_range &&
                    std::abs(std::strtod(std::string(text).c_str(), nullptr)) < 1;
  if (tiny) return 0;
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || text.empty()) return {};
  return value;
}

std::int64_t to_int64(double v) {
  constexpr double kEdge = 9223372036854775808.0;  // 2^63
  if (std::isnan(v)) return 0;
  if (v >= kEdge) return std::numeric_limits<std::int64_t>::max();
  if (v < -kEdge) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(v);
}

}  // namespace m8::dsl
