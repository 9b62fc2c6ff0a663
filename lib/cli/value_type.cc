#include "cli/value_type.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "net/rate_limiter.h"

namespace m8::cli {
namespace {

constexpr double kLongestMilliseconds = 1e15;
constexpr double kLargestBytes = 1LL << 60;

struct Unit {
  const char* name;
  long long factor;
};
// Largest first.
constexpr std::array<Unit, 5> kDurations = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizes = {
    {{"T", 1LL << 40}, {"G", 1LL << 30}, {"M", 1LL << 20}, {"K", 1LL << 10}}};

Error invalid(const char* reason) { return {ErrorCode::kInvalidArgument, reason}; }

/// 0 if there is no such unit.
template <std::size_t N>
long long factor_of(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.factor;
  }
  return 0;
}

template <std::size_t N>
std::string in_units(const std::array<Unit, N>& units, long long amount) {
  for (const Unit& unit : units) {
    if (amount > 0 && amount % unit.factor == 0)
      return fmt::format("{}{}", amount / unit.factor, unit.name);
  }
  return std::to_string(amount);
}

/// Takes a number without a sign off the front of \p text; negative if there is none.
double take_number(std::string_view& text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0)) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

Status check_url(std::string_view text) {
  const auto colon = text.find(':');
  const bool graphic =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f; });
  const auto scheme = text.substr(0, colon);
  const bool word = !scheme.empty() && std::isalpha(static_cast<unsigned char>(scheme[0])) &&
                    std::all_of(scheme.begin(), scheme.end(), [](unsigned char c) {
                      return std::isalnum(c) || c == '+' || c == '-' || c == '.';
                    });
  if (colon == std::string_view::npos || colon + 1 == text.size() || !graphic || !word)
    return invalid("not a URL (SCHEME:...)");
  return {};
}

/// The value as the unit in which the bounds are.
Result<long long> measure(const ValueType& type, std::string_view text) {
  switch (type.kind) {
    case ValueType::Kind::kNumber:
      return parse_number(text);
    case ValueType::Kind::kDuration:
      return parse_duration(text);
    case ValueType::Kind::kSize:
      return parse_size(text);
    default:
      return 0;
  }
}

Status check(const ValueType& type, std::string_view text) {
  if (type.kind == ValueType::Kind::kText || type.kind == ValueType::Kind::kPlace) return {};
  if (type.kind == ValueType::Kind::kUrl) return check_url(text);
  if (type.kind == ValueType::Kind::kRate) {
    return net::Rate::parse(text).ok()
               ? Status()
               : invalid("not a rate (a number with /s, /m or /h, such as 150/s)");
  }
  const auto amount = measure(type, text);
  if (!amount.ok()) return amount.error();
  if (*amount < type.min || *amount > type.max)
    return Error{ErrorCode::kInvalidArgument, "must be " + type.range()};
  return {};
}

}  // namespace

std::string ValueType::range() const {
  switch (kind) {
    case Kind::kNumber:
      return fmt::format("{} to {}", min, max);
    case Kind::kDuration:
      return fmt::format("{} to {}", duration_text(min), duration_text(max));
    case Kind::kSize:
      return fmt::format("{} to {}", size_text(min), size_text(max));
    default:
      return {};
  }
}

Status check_value(const ValueType& type, std::string_view text, bool secret) {
  const Status good = check(type, text);
  if (good.ok() || secret) return good;
  const bool url = type.is_location();
  return Error{good.error().code,
               fmt::format("{}: {}", good.error().message, url ? without_password(text) : text)};
}

Result<long long> parse_number(std::string_view text) {
  long long number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::invalid_argument || stopped != end) return invalid("not a whole number");
  if (error == std::errc()) return number;
  return text.front() == '-' ? std::numeric_limits<long long>::min()
                             : std::numeric_limits<long long>::max();
}

Result<bool> parse_switch(std::string_view text) {
  std::string word(text);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return invalid("not true or false");
}

Result<long long> parse_duration(std::string_view text) {
  const Error bad = invalid("not a duration");
  if (text.empty()) return bad;
  double total = 0;
  for (bool first = true; !text.empty(); first = false) {
    const double number = take_number(text);
    const auto unit = text.substr(0, text.find_first_of("0123456789."));
    const long long factor = text.empty() && first ? 1000 : factor_of(kDurations, unit);
    if (number < 0 || factor == 0) return bad;
    total += number * static_cast<double>(factor);
    if (!(total <= kLongestMilliseconds)) return bad;
    text.remove_prefix(unit.size());
  }
  return static_cast<long long>(total + 0.5);
}

Result<long long> parse_size(std::string_view text) {
  const double number = take_number(text);
  if (text.size() > 1 && text.back() == 'B') text.remove_suffix(1);
  if (text.size() > 1 && text.back() == 'i') text.remove_suffix(1);
  const long long factor = text.empty() ? 1 : factor_of(kSizes, text);
  const double bytes = number * static_cast<double>(factor);
  if (number < 0 || factor == 0 || !(bytes <= kLargestBytes)) return invalid("not a size");
  return static_cast<long long>(bytes);
}

std::string duration_text(long long milliseconds) { return in_units(kDurations, milliseconds); }

std::string size_text(long long bytes) { return in_units(kSizes, bytes); }

std::string without_password(std::string_view url) {
  std::string out(url);
  const auto hide = [&out](std::size_t begin, std::size_t end) {
    out.replace(begin, std::min(end, out.size()) - begin, "***");
  };
  for (std::size_t at = 0; (at = out.find("password=", at)) != std::string::npos;) {
    at += 9;
    hide(at, out.find_first_of("&# ", at));
  }
  for (std::size_t begin = 0; (begin = out.find("://", begin)) != std::string::npos;) {
    begin += 3;
    const auto end = std::min(out.find_first_of("/?# ", begin), out.size());
    const auto at = out.rfind('@', end);
    const auto colon = out.find(':', begin);
    if (at != std::string::npos && at >= begin && colon < at) hide(colon + 1, at);
  }
  return out;
}

}  // namespace m8::cli
