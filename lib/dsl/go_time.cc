#include "dsl/go_time.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include <fmt/format.h>

namespace m8::dsl {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};

/// The elements of a layout, those that begin with another one's text before it.
enum class Part {
  kLiteral,
  kLongMonth,
  kShortMonth,
  kLongDay,
  kShortDay,
  kZoneName,
  kYear,
  kZeroYearDay,
  kZeroMonth,
  kZeroDay,
  kZeroHour12,
  kZeroMinute,
  kZeroSecond,
  kShortYear,
  kHour,
  kSpaceDay,
  kSpaceYearDay,
  kUpperPm,
  kLowerPm,
  kZulu,
  kOffset,
  kFraction,
  kMonth,
  kDay,
  kHour12,
  kMinute,
  kSecond,
};

struct Element {
  std::string_view text;
  Part part;
};

constexpr Element kElements[] = {
    {"January", Part::kLongMonth},
    {"Jan", Part::kShortMonth},
    {"Monday", Part::kLongDay},
    {"Mon", Part::kShortDay},
    {"MST", Part::kZoneName},
    {"2006", Part::kYear},
    {"002", Part::kZeroYearDay},
    {"01", Part::kZeroMonth},
    {"02", Part::kZeroDay},
    {"03", Part::kZeroHour12},
    {"04", Part::kZeroMinute},
    {"05", Part::kZeroSecond},
    {"06", Part::kShortYear},
    {"15", Part::kHour},
    {"_2006", Part::kLiteral},
    {"__2", Part::kSpaceYearDay},
    {"_2", Part::kSpaceDay},
    {"PM", Part::kUpperPm},
    {"pm", Part::kLowerPm},
    {"Z07:00:00", Part::kZulu},
    {"Z070000", Part::kZulu},
    {"Z07:00", Part::kZulu},
    {"Z0700", Part::kZulu},
    {"Z07", Part::kZulu},
    {"-07:00:00", Part::kOffset},
    {"-070000", Part::kOffset},
    {"-07:00", Part::kOffset},
    {"-0700", Part::kOffset},
    {"-07", Part::kOffset},
    {"1", Part::kMonth},
    {"2", Part::kDay},
    {"3", Part::kHour12},
    {"4", Part::kMinute},
    {"5", Part::kSecond},
};

bool is_digit_at(std::string_view text, std::size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

/// Length of ".000" or ".999" at the start, which no other digit may follow; else 0.
std::size_t fraction_length(std::string_view layout) {
  if (layout.size() < 2 || (layout[0] != '.' && layout[0] != ',')) return 0;
  if (layout[1] != '0' && layout[1] != '9') return 0;
  std::size_t end = 1;
  while (end < layout.size() && layout[end] == layout[1]) ++end;
  return is_digit_at(layout, end) ? 0 : end;
}

/// The element at the start of \p layout; one literal byte when there is none.
Element first_element(std::string_view layout) {
  if (const std::size_t length = fraction_length(layout)) {
    return {layout.substr(0, length), Part::kFraction};
  }
  for (const Element& element : kElements) {
    if (!layout.starts_with(element.text)) continue;
    const bool word_goes_on = element.text == "Jan" || element.text == "Mon";
    const char after = layout.size() > 3 ? layout[3] : ' ';
    if (word_goes_on && after >= 'a' && after <= 'z') continue;
    // "_2006" is a literal underscore before a year.
    if (element.part == Part::kLiteral) return {layout.substr(0, 1), Part::kLiteral};
    return element;
  }
  return {layout.substr(0, 1), Part::kLiteral};
}

struct Civil {
  std::int64_t year = 0;
  int month = 1;
  int day = 1;
  int year_day = 0;  ///< 1..366, 0 = not given
  int hour = 0;
  int minute = 0;
  int second = 0;
  int pm = -1;                ///< 1 = PM, 0 = AM
  std::optional<int> offset;  ///< seconds east of UTC
};

std::int64_t days_of(const Civil& time) {
  using namespace std::chrono;
  const year_month_day date{year(static_cast<int>(time.year)),
                            month(static_cast<unsigned>(time.month)),
                            day(static_cast<unsigned>(time.day))};
  return sys_days(date).time_since_epoch().count();
}

bool valid(const Civil& time) {
  using namespace std::chrono;
  const year_month_day date{year(static_cast<int>(time.year)),
                            month(static_cast<unsigned>(time.month)),
                            day(static_cast<unsigned>(time.day))};
  return date.ok() && time.hour < 24 && time.minute < 60 && time.second < 60;
}

/// Seconds that the local zone is ahead of UTC at that local time.
std::int64_t local_offset(const Civil& time, std::int64_t seconds_as_utc) {
  std::tm parts{};
  parts.tm_year = static_cast<int>(time.year - 1900);
  parts.tm_mon = time.month - 1;
  parts.tm_mday = time.day;
  parts.tm_hour = time.hour;
  parts.tm_min = time.minute;
  parts.tm_sec = time.second;
  parts.tm_isdst = -1;
  return seconds_as_utc - static_cast<std::int64_t>(std::mktime(&parts));
}

/// Reads a text along a layout.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool read(std::string_view layout) {
    while (!layout.empty()) {
      const Element element = first_element(layout);
      layout.remove_prefix(element.text.size());
      if (element.text == " ") {
        if (!spaces(layout)) return false;
        continue;
      }
      fraction_follows_ = fraction_length(layout) > 0;
      if (!read_part(element)) return false;
    }
    return text_.empty() && finish();
  }

  const Civil& time() const { return time_; }

 private:
  bool read_part(const Element& element) {
    switch (element.part) {
      case Part::kLiteral:
        return literal(element.text);
      case Part::kFraction:
        return fraction(element.text);
      case Part::kZulu:
      case Part::kOffset:
        return zone(element);
      case Part::kZoneName:
        return zone_name();
      case Part::kLongMonth:
      case Part::kShortMonth:
        return name(kMonths, element.part == Part::kShortMonth, time_.month);
      case Part::kLongDay:
      case Part::kShortDay: {
        int ignored = 0;
        return name(kDays, element.part == Part::kShortDay, ignored);
      }
      case Part::kUpperPm:
        return half_day("AM", "PM");
      case Part::kLowerPm:
        return half_day("am", "pm");
      default:
        return read_number(element.part);
    }
  }

  bool read_number(Part part) {
    switch (part) {
      case Part::kYear:
        return year(4);
      case Part::kShortYear:
        return year(2);
      case Part::kZeroMonth:
        return number(time_.month, 2, 2);
      case Part::kMonth:
        return number(time_.month, 1, 2);
      case Part::kZeroDay:
        return number(time_.day, 2, 2);
      case Part::kSpaceDay:
        if (text_.starts_with(' ')) text_.remove_prefix(1);
        return number(time_.day, 1, 2);
      case Part::kDay:
        return number(time_.day, 1, 2);
      case Part::kSpaceYearDay:
        for (int i = 0; i < 2 && text_.starts_with(' '); ++i) text_.remove_prefix(1);
        return number(time_.year_day, 1, 3) && time_.year_day > 0;
      case Part::kZeroYearDay:
        return number(time_.year_day, 3, 3) && time_.year_day > 0;
      case Part::kHour:
        return number(time_.hour, 1, 2);
      case Part::kZeroHour12:
        return number(time_.hour, 2, 2) && time_.hour <= 12;
      case Part::kHour12:
        return number(time_.hour, 1, 2) && time_.hour <= 12;
      case Part::kZeroMinute:
        return number(time_.minute, 2, 2);
      case Part::kMinute:
        return number(time_.minute, 1, 2);
      case Part::kZeroSecond:
        return number(time_.second, 2, 2) && optional_fraction();
      case Part::kSecond:
        return number(time_.second, 1, 2) && optional_fraction();
      default:
        return false;
    }
  }

  /// Any number of spaces for any number of them, also none at the end of the text.
  bool spaces(std::string_view& layout) {
    if (!text_.empty() && text_[0] != ' ') return false;
    while (layout.starts_with(' ')) layout.remove_prefix(1);
    while (text_.starts_with(' ')) text_.remove_prefix(1);
    return true;
  }

  bool literal(std::string_view wanted) {
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(wanted.size());
    return true;
  }

  bool number(int& value, std::size_t least, std::size_t most) {
    std::size_t digits = 0;
    int read = 0;
    while (digits < most && is_digit_at(text_, digits)) read = read * 10 + (text_[digits++] - '0');
    if (digits < least) return false;
    text_.remove_prefix(digits);
    value = read;
    return true;
  }

  bool year(std::size_t digits) {
    int value = 0;
    if (!number(value, digits, digits)) return false;
    if (digits == 2) value += value >= 69 ? 1900 : 2000;
    time_.year = value;
    return true;
  }

  template <std::size_t N>
  bool name(const std::array<std::string_view, N>& names, bool abbreviated, int& index) {
    for (std::size_t i = 0; i < N; ++i) {
      const std::string_view wanted = abbreviated ? names[i].substr(0, 3) : names[i];
      const bool same = text_.size() >= wanted.size() &&
                        std::equal(wanted.begin(), wanted.end(), text_.begin(),
                                   [](char a, char b) { return (a | 0x20) == (b | 0x20); });
      if (!same) continue;
      index = static_cast<int>(i) + 1;
      text_.remove_prefix(wanted.size());
      return true;
    }
    return false;
  }

  bool half_day(std::string_view am, std::string_view pm) {
    if (!text_.starts_with(am) && !text_.starts_with(pm)) return false;
    time_.pm = text_.starts_with(pm) ? 1 : 0;
    text_.remove_prefix(2);
    return true;
  }

  bool fraction(std::string_view layout) {
    // ".999" is there or not, ".000" must be.
    if (layout[1] == '9') {
      fraction_follows_ = false;
      return optional_fraction();
    }
    if (text_.empty() || (text_[0] != '.' && text_[0] != ',')) return false;
    text_.remove_prefix(1);
    int ignored = 0;
    return number(ignored, layout.size() - 1, std::min<std::size_t>(layout.size() - 1, 9));
  }

  bool optional_fraction() {
    if (fraction_follows_) return true;  // the layout says where it is
    if (text_.size() < 2 || (text_[0] != '.' && text_[0] != ',') || !is_digit_at(text_, 1)) {
      return true;
    }
    std::size_t end = 1;
    while (is_digit_at(text_, end)) ++end;
    text_.remove_prefix(end);
    return true;
  }

  bool zone(const Element& element) {
    if (element.part == Part::kZulu && literal("Z")) {
      time_.offset = 0;
      return true;
    }
    if (text_.empty() || (text_[0] != '+' && text_[0] != '-')) return false;
    const int sign = text_[0] == '-' ? -1 : 1;
    text_.remove_prefix(1);
    const bool colons = element.text.find(':') != std::string_view::npos;
    const auto digits = std::count(element.text.begin(), element.text.end(), '0') +
                        std::count(element.text.begin(), element.text.end(), '7');
    std::array<int, 3> fields{};  // hours, minutes, seconds
    for (std::size_t i = 0; i < static_cast<std::size_t>(digits) / 2; ++i) {
      if (i > 0 && colons && !literal(":")) return false;
      if (!number(fields[i], 2, 2)) return false;
    }
    if (fields[0] > 24 || fields[1] >= 60 || fields[2] >= 60) return false;
    time_.offset = sign * (fields[0] * 3600 + fields[1] * 60 + fields[2]);
    return true;
  }

  /// Length of a sign and an hour at the start, 0 if there is none or it is over 23.
  static std::size_t signed_hours(std::string_view text) {
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return 0;
    std::size_t end = 1;
    int hours = 0;
    for (; is_digit_at(text, end); ++end) hours = std::min(hours * 10 + (text[end] - '0'), 99);
    return end > 1 && hours <= 23 ? end : 0;
  }

  /// Length of a zone's name at the start: capital letters as zones have them, "GMT+3", "+03".
  static std::size_t zone_name_length(std::string_view text) {
    if (text.size() < 3) return 0;
    if (text.starts_with("ChST") || text.starts_with("MeST")) return 4;
    if (text.starts_with("GMT")) return 3 + signed_hours(text.substr(3));
    if (text[0] == '+' || text[0] == '-') return signed_hours(text);
    std::size_t letters = 0;
    while (letters < std::min<std::size_t>(text.size(), 6) && text[letters] >= 'A' &&
           text[letters] <= 'Z') {
      ++letters;
    }
    if (letters == 3) return 3;
    const bool ends_in_t = letters > 0 && text[letters - 1] == 'T';
    if (letters == 4) return ends_in_t || text.starts_with("WITA") ? 4 : 0;
    return letters == 5 && ends_in_t ? 5 : 0;
  }

  /// A name that is not the zone's own has no known offset: UTC.
  bool zone_name() {
    const std::size_t length = zone_name_length(text_);
    if (length == 0) return false;
    text_.remove_prefix(length);
    if (!time_.offset) time_.offset = 0;
    return true;
  }

  bool finish() {
    if (time_.pm == 1 && time_.hour < 12) time_.hour += 12;
    if (time_.pm == 0 && time_.hour == 12) time_.hour = 0;
    if (!valid(time_)) return false;
    if (time_.year_day > 0) {
      using namespace std::chrono;
      const sys_days first = std::chrono::year(static_cast<int>(time_.year)) / January / 1;
      const year_month_day date{first + days(time_.year_day - 1)};
      if (static_cast<int>(date.year()) != time_.year) return false;
      time_.month = static_cast<int>(static_cast<unsigned>(date.month()));
      time_.day = static_cast<int>(static_cast<unsigned>(date.day()));
    }
    return true;
  }

  std::string_view text_;
  Civil time_;
  bool fraction_follows_ = false;  ///< the next element of the layout is one
};

std::string offset_text(const Element& element, long seconds) {
  if (element.part == Part::kZulu && seconds == 0) return "Z";
  const bool colons = element.text.find(':') != std::string_view::npos;
  const long size = std::labs(seconds);
  std::string out = fmt::format("{}{:02}", seconds < 0 ? '-' : '+', size / 3600);
  if (element.text.size() > 3) out += fmt::format("{}{:02}", colons ? ":" : "", size / 60 % 60);
  if (element.text.size() > 6) out += fmt::format("{}{:02}", colons ? ":" : "", size % 60);
  return out;
}

std::string shown_part(const Element& element, const std::tm& time) {
  const int hour12 = (time.tm_hour + 11) % 12 + 1;
  const long year = time.tm_year + 1900L;
  switch (element.part) {
    case Part::kLiteral:
      return std::string(element.text);
    case Part::kLongMonth:
    case Part::kShortMonth: {
      const auto name = kMonths[static_cast<std::size_t>(time.tm_mon)];
      return std::string(element.part == Part::kLongMonth ? name : name.substr(0, 3));
    }
    case Part::kLongDay:
    case Part::kShortDay: {
      const auto name = kDays[static_cast<std::size_t>(time.tm_wday)];
      return std::string(element.part == Part::kLongDay ? name : name.substr(0, 3));
    }
    case Part::kZoneName:
      return time.tm_zone;
    case Part::kYear:
      return fmt::format("{:04}", year);
    case Part::kShortYear:
      return fmt::format("{:02}", year % 100);
    case Part::kZeroYearDay:
      return fmt::format("{:03}", time.tm_yday + 1);
    case Part::kSpaceYearDay:
      return fmt::format("{:3}", time.tm_yday + 1);
    case Part::kZeroMonth:
      return fmt::format("{:02}", time.tm_mon + 1);
    case Part::kMonth:
      return fmt::format("{}", time.tm_mon + 1);
    case Part::kZeroDay:
      return fmt::format("{:02}", time.tm_mday);
    case Part::kSpaceDay:
      return fmt::format("{:2}", time.tm_mday);
    case Part::kDay:
      return fmt::format("{}", time.tm_mday);
    case Part::kHour:
      return fmt::format("{:02}", time.tm_hour);
    case Part::kZeroHour12:
      return fmt::format("{:02}", hour12);
    case Part::kHour12:
      return fmt::format("{}", hour12);
    case Part::kZeroMinute:
      return fmt::format("{:02}", time.tm_min);
    case Part::kMinute:
      return fmt::format("{}", time.tm_min);
    case Part::kZeroSecond:
      return fmt::format("{:02}", time.tm_sec);
    case Part::kSecond:
      return fmt::format("{}", time.tm_sec);
    case Part::kUpperPm:
      return time.tm_hour >= 12 ? "PM" : "AM";
    case Part::kLowerPm:
      return time.tm_hour >= 12 ? "pm" : "am";
    case Part::kZulu:
    case Part::kOffset:
      return offset_text(element, time.tm_gmtoff);
    case Part::kFraction:  // whole seconds only
      return element.text[1] == '9' ? "" : std::string(element.text);
  }
  return "";
}

struct LiteralLayout {
  std::string_view layout;
  std::size_t shortest;
  std::size_t longest;
};

/// dsl.md 2.1: a literal of one of these lengths that matches the layout is a time.
constexpr LiteralLayout kLiteralLayouts[] = {
    {"Mon Jan _2 15:04:05 2006", 24, 24},
    {"Mon Jan 02 15:04:05 -0700 2006", 30, 30},
    {"3:04PM", 6, 7},
    {"2006-01-02T15:04:05Z07:00", 25, 25},
    {"2006-01-02T15:04:05.999999999Z07:00", 35, 35},
    {"2006-01-02", 10, 10},
    {"2006-01-02 15:04", 16, 16},
    {"2006-01-02 15:04:05", 19, 19},
    {"2006-01-02 15:04:05-07:00", 25, 25},
    {"2006-01-02T15Z0700", 18, 18},
    {"2006-01-02T15:04Z0700", 21, 21},
    {"2006-01-02T15:04:05Z0700", 24, 24},
    {"2006-01-02T15:04:05.999999999Z0700", 34, 34},
};

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view layout, std::string_view text, Zone zone) {
  Reader reader(text);
  if (!reader.read(layout)) return {};
  const Civil& time = reader.time();
  const std::int64_t seconds =
      days_of(time) * 86400 + time.hour * 3600 + time.minute * 60 + time.second;
  if (time.offset) return seconds - *time.offset;
  return zone == Zone::kUtc ? seconds : seconds - local_offset(time, seconds);
}

std::string format_time(std::string_view layout, std::int64_t seconds) {
  std::tm time{};
  const auto when = static_cast<std::time_t>(seconds);
  if (localtime_r(&when, &time) == nullptr) return "";
  std::string out;
  while (!layout.empty()) {
    const Element element = first_element(layout);
    out += shown_part(element, time);
    layout.remove_prefix(element.text.size());
  }
  return out;
}

std::optional<std::int64_t> parse_time_literal(std::string_view text) {
  if (text.size() < 6 || text.size() > 35) return {};
  if (text.find_first_of(":-") == std::string_view::npos) return {};
  for (const LiteralLayout& known : kLiteralLayouts) {
    if (text.size() < known.shortest || text.size() > known.longest) continue;
    if (const auto seconds = parse_time(known.layout, text, Zone::kLocal)) return seconds;
  }
  return {};
}

}  // namespace m8::dsl
