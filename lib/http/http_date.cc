#include "http/http_date.h"

#include <algorithm>
#include <ctime>
#include <string>

#include "http/text.h"

namespace m8::http {
namespace {

constexpr std::chrono::seconds kYear{365LL * 86400};
/// In the year 2255; nanoseconds of much later times overflow.
constexpr std::time_t kEnd = 9'000'000'000;

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text) {
  const std::string date(text);
  for (const char* form : {"%a, %d %b %Y %H:%M:%S", "%a, %d-%b-%y %H:%M:%S",
                           "%a, %d-%b-%Y %H:%M:%S", "%a %b %d %H:%M:%S %Y"}) {
    std::tm fields{};
    if (strptime(date.c_str(), form, &fields) == nullptr) continue;
    return std::chrono::system_clock::from_time_t(
        std::clamp<std::time_t>(timegm(&fields), 0, kEnd));
  }
  return std::nullopt;
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, WallTime now) {
  text = trim_blanks(text);
  if (all_digits(text)) {
    if (text.size() > 8) return kYear;
    return std::min(std::chrono::seconds(std::stoll(std::string(text))), kYear);
  }
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  return std::clamp(std::chrono::ceil<std::chrono::seconds>(*date - now), std::chrono::seconds(0),
                    kYear);
}

}  // namespace m8::http
