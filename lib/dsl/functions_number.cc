// Numbers, types, versions and address formats (dsl.md 7.2, 7.4).
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "dsl/function.h"
#include "dsl/ip_format.h"
#include "dsl/number.h"
#include "dsl/unicode.h"
#include "dsl/version_range.h"

namespace m8::dsl {
namespace {

/// What the reference takes for a number: a sign only before digits, and each part may be missing.
bool looks_decimal(std::string_view text) {
  static const Result<Regex> pattern =
      Regex::compile(R"(^(?:[-+]?[0-9]+)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?$)");
  return pattern->search(text);
}

Error strconv_error(const char* function, std::string_view text, const char* why) {
  return bad_argument(fmt::format("strconv.{}: parsing \"{}\": {}", function, text, why));
}

Result<Value> to_number(const Call& call) {
  const Text source(call[0]);
  const std::string_view text = source;
  if (text.empty()) return strconv_error("Atoi", text, "invalid syntax");
  if (!looks_decimal(text))
    return bad_argument(fmt::format("{} could not be converted to int", text));
  const bool whole = text.find_first_of(".eE") == std::string_view::npos;
  const bool padded = text[text.find_first_not_of("+-")] == '0';
  if (whole && !padded && !parse_integer(text)) {
    return strconv_error("Atoi", text, "value out of range");
  }
  if (const auto number = parse_float(text)) return Value(*number);
  const bool has_digits = text.find_first_of("0123456789") < text.find_first_of("eE");
  return strconv_error("ParseFloat", text, has_digits ? "value out of range" : "invalid syntax");
}

Result<Value> to_string(const Call& call) { return Value(call[0].text()); }

Result<Value> to_bool(const Call& call) {
  if (const auto* flag = call[0].as<bool>()) return Value(*flag);
  const Text text(call[0]);
  const std::string_view word = trim_space(text);
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (word == yes) return Value(true);
  }
  return Value(parse_float(word).value_or(0) == 1);
}

Result<Value> dec_to_hex(const Call& call) {
  const auto number = call.integer(0);
  if (!number.ok()) {
    const bool text = call[0].as<std::string>() != nullptr;
    return bad_argument(text ? "invalid number: string" : number.error().message);
  }
  const bool negative = *number < 0;
  const auto size =
      negative ? 0 - static_cast<std::uint64_t>(*number) : static_cast<std::uint64_t>(*number);
  return Value(fmt::format("{}{:x}", negative ? "-" : "", size));
}

Result<Value> from_base(const Call& call, std::string_view prefix, int base) {
  const Text text(call[0]);
  const Error bad = bad_argument(fmt::format("invalid number: {}", text.view()));
  std::string digits = text.str();
  if (digits.starts_with(prefix)) {
    // As a literal of the language: no sign, and single underscores between the digits.
    digits.replace(0, prefix.size(), "_");
    if (digits.ends_with('_') || digits.find("__") != std::string::npos) return bad;
    std::erase(digits, '_');
    if (digits.find_first_of("+-") == 0) return bad;
  } else if (digits.starts_with('+')) {
    digits.erase(0, 1);
    if (digits.starts_with('-')) return bad;
  }
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, base);
  if (read.ec != std::errc() || read.ptr != end) return bad;
  return Value(static_cast<double>(value));
}

Result<Value> hex_to_dec(const Call& call) { return from_base(call, "0x", 16); }
Result<Value> oct_to_dec(const Call& call) { return from_base(call, "0o", 8); }
Result<Value> bin_to_dec(const Call& call) { return from_base(call, "0b", 2); }

Result<Value> compare_versions(const Call& call) {
  if (call.size() < 2) return bad_signature();
  const Text version(call[0]);
  std::string constraints;
  for (std::size_t i = 1; i < call.size(); ++i) {
    if (i > 1) constraints += ',';
    constraints += call[i].text();
  }
  const bool inside = M8_TRY(version_matches(version, constraints));
  return Value(inside);
}

Result<Value> ip_format(const Call& call) {
  const auto format = parse_integer(Text(call[1]));
  if (!format || *format < 1 || *format > 11) {
    return bad_argument("invalid format, format must be in range 1-11");
  }
  std::string text = M8_TRY(format_ip(Text(call[0]), static_cast<int>(*format)));
  return Value(std::move(text));
}

constexpr Function kFunctions[] = {
    {"to_number", 1, to_number},
    {"to_string", 1, to_string},
    {"to_bool", 1, to_bool},
    {"dec_to_hex", 1, dec_to_hex},
    {"hex_to_dec", 1, hex_to_dec},
    {"oct_to_dec", 1, oct_to_dec},
    {"bin_to_dec", 1, bin_to_dec},
    {"compare_versions", -1, compare_versions, "(firstVersion, constraints ...string) bool"},
    {"ip_format", 2, ip_format},
};

}  // namespace

std::span<const Function> number_functions() { return kFunctions; }

}  // namespace m8::dsl
