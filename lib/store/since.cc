#include "store/since.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>

#include <fmt/format.h>

#include "cli/value_type.h"

namespace m8::store {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Midnight of the day \p days ago, local time.
WallTime midnight(WallTime now, int days) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  parts.tm_mday -= days;
  parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
  parts.tm_isdst = -1;
  return std::chrono::system_clock::from_time_t(std::mktime(&parts));
}

/// Seconds east of UTC; empty if \p text is no zone.
std::optional<int> zone_of(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = whole_number(text.substr(1, 2)), minutes = whole_number(text.substr(4));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const int seconds = static_cast<int>(*hours * 3600 + *minutes * 60);
  return text[0] == '-' ? -seconds : seconds;
}

/// ".123" taken off the front of \p rest, as milliseconds.
std::optional<int> take_fraction(std::string_view& rest) {
  if (!rest.starts_with('.')) return 0;
  rest.remove_prefix(1);
  const std::size_t size = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (size == 0 || size > 9) return std::nullopt;
  const std::string digits = std::string(rest.substr(0, size)) + "00";
  rest.remove_prefix(size);
  return static_cast<int>(*whole_number(std::string_view(digits).substr(0, 3)));
}

std::optional<WallTime> parse_date(const std::string& text) {
  for (const char* form :
       {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (!end) continue;
    std::string_view rest(end);
    const auto millis = take_fraction(rest);
    if (!millis) return std::nullopt;
    parts.tm_isdst = -1;
    std::time_t seconds = 0;
    if (rest.empty()) {
      seconds = std::mktime(&parts);
    } else {
      const auto zone = zone_of(rest);
      if (!zone) return std::nullopt;
      seconds = ::timegm(&parts) - *zone;
    }
    constexpr std::time_t kFarthest =
        9'000'000'000;  // nanoseconds since 1970 have to go in 64 bits
    seconds = std::clamp(seconds, -kFarthest, kFarthest);
    return std::chrono::system_clock::from_time_t(seconds) + std::chrono::milliseconds(*millis);
  }
  return std::nullopt;
}

std::optional<WallTime> parse_moment(std::string_view text, WallTime now) {
  if (text == "today") return midnight(now, 0);
  if (text == "yesterday") return midnight(now, 1);
  if (const auto date = parse_date(std::string(text))) return date;
  if (text.starts_with('-')) return std::nullopt;
  const auto age = cli::parse_duration(text);
  if (!age.ok()) return std::nullopt;
  return now - std::chrono::milliseconds(*age);
}

}  // namespace

const char* const kSinceForms =
    "A moment is the id of a run (its start: what it found itself is included), last (the newest "
    "run), a time (2026-11-28T18:00:00Z; 2026-11-28 and 2026-11-28 18:00 are local time), today, "
    "yesterday, or an age such as 36h or 7d.";

Result<model::Run> parse_run(std::string_view text, std::string_view command, Store& store) {
  if (const auto id = whole_number(text)) return store.find_run(*id);
  if (text != "last") {
    return Error{ErrorCode::kInvalidArgument, fmt::format("not a run: {}", text)};
  }
  std::optional<model::Run> newest;
  M8_TRY(store.for_each_run({std::string(command), 1}, [&newest](const model::Run& run) {
    newest = run;
    return Status();
  }));
  if (newest) return *std::move(newest);
  return Error{ErrorCode::kNotFound,
               command.empty() ? "no run yet" : fmt::format("no run of {} yet", command)};
}

Result<WallTime> parse_since(std::string_view text, std::string_view command, Store& store,
                             WallTime now) {
  if (text == "last" || whole_number(text)) {
    return M8_TRY(parse_run(text, command, store)).started;
  }
  const auto moment = parse_moment(text, now);
  if (!moment) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("not a run, time or age: {} (try 2026-11-28, yesterday, 7d, last or "
                             "the id of a run)",
                             text)};
  }
  if (*moment <= now) return *moment;
  return Error{ErrorCode::kInvalidArgument, fmt::format("lies in the future: {}", text)};
}

}  // namespace m8::store
