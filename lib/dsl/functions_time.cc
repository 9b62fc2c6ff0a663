// Dates and waiting (dsl.md 7.5).
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "dsl/function.h"
#include "dsl/go_time.h"
#include "dsl/number.h"
#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

std::int64_t now(const Call& call) {
  const auto since = call.services().clock().wall().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

Result<Value> unix_time(const Call& call) {
  if (call.size() > 1) return bad_signature();
  double seconds = static_cast<double>(now(call));
  if (call.size() == 1) seconds += static_cast<double>(M8_TRY(call.integer(0)));
  return Value(seconds);
}

/// What is tried when no layout is given.
constexpr std::string_view kDefaultLayouts[] = {"2006-01-02T15:04:05Z07:00",
                                                "2006-01-02 15:04:05 Z07:00",
                                                "2006-01-02 15:04:05",
                                                "2006-01-02 15:04 Z07:00",
                                                "2006-01-02 15:04",
                                                "2006-01-02 Z07:00",
                                                "2006-01-02"};

Result<Value> to_unix_time(const Call& call) {
  if (call.size() < 1 || call.size() > 2) return bad_signature();
  const Text text(call[0]);
  if (const auto number = parse_float(text)) return Value(to_int64(*number));
  if (call.size() == 2) {
    const Text layout(call[1]);
    if (const auto seconds = parse_time(layout, text, Zone::kUtc)) return Value(*seconds);
    return bad_argument(
        fmt::format("could not parse the current input with the '{}' layout", layout.view()));
  }
  for (const std::string_view layout : kDefaultLayouts) {
    if (const auto seconds = parse_time(layout, text, Zone::kUtc)) return Value(*seconds);
  }
  return bad_argument("could not parse the current input with the default layouts");
}

/// The Go layout of a %letter; empty for an unknown one.
std::string_view simple_layout(char letter) {
  switch (letter) {
    case 'Y':
    case 'y':
      return "2006";
    case 'M':
      return "01";
    case 'D':
    case 'd':
      return "02";
    case 'H':
    case 'h':
      return "15";
    case 'm':
      return "04";
    case 'S':
    case 's':
      return "05";
    default:
      return {};
  }
}

bool is_letter_at(std::string_view text, std::size_t at) {
  return at < text.size() && (text[at] | 32) >= 'a' && (text[at] | 32) <= 'z';
}

bool is_simple(std::string_view format) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%' && is_letter_at(format, i + 1)) return true;
  }
  return false;
}

Result<std::string> format_simple(std::string_view format, std::int64_t seconds) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || !is_letter_at(format, i + 1)) {
      out += format[i];
      continue;
    }
    const char letter = format[++i];
    const std::string_view layout = simple_layout(letter);
    if (layout.empty()) {
      return bad_argument(fmt::format("invalid date time format string: %{}", letter));
    }
    std::string part = format_time(layout, seconds);
    // Years before 1000 are not filled up to four digits here.
    if (layout == "2006") part = fmt::format("{:02}", parse_integer(part).value_or(0));
    out += part;
  }
  return out;
}

Result<Value> date_time(const Call& call) {
  if (call.size() < 1 || call.size() > 2) return bad_signature();
  const Text format(call[0]);
  std::int64_t seconds = now(call);
  if (call.size() == 2) {
    const bool text = call[1].as<std::string>() != nullptr;
    const auto given = text ? parse_integer(Text(call[1])) : std::optional<std::int64_t>();
    const auto number = text ? Result<std::int64_t>(given.value_or(0)) : call.integer(1);
    if ((text && !given) || !number.ok()) return bad_argument("invalid argument type");
    seconds = *number;
  }
  if (!is_simple(format)) return Value(format_time(format, seconds));
  std::string shown = M8_TRY(format_simple(format, seconds));
  return Value(std::move(shown));
}

Result<Value> wait_for(const Call& call) {
  constexpr std::int64_t kLongest = 3600;
  if (call.size() != 1) return bad_signature();
  const std::int64_t asked = M8_TRY(call.integer(0));
  call.services().wait(std::chrono::seconds(std::clamp<std::int64_t>(asked, 0, kLongest)));
  return Value(true);
}

constexpr Function kFunctions[] = {
    {"unix_time", -1, unix_time, "(optionalSeconds uint) float64"},
    {"to_unix_time", -1, to_unix_time, "(input, optionalLayout string) int64"},
    {"date_time", -1, date_time, "(dateTimeFormat string, optionalUnixTime interface{}) string"},
    {"wait_for", -1, wait_for, "(seconds uint) bool"},
};

}  // namespace

std::span<const Function> time_functions() { return kFunctions; }

}  // namespace m8::dsl
