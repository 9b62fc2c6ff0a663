#include "output/text.h"

#include <ctime>

#include <fmt/format.h>

#include "base/regex.h"

namespace m8::output {
namespace {

/// The escape of one ASCII character that is not printed as it is.
std::string control_escape(unsigned char c) {
  constexpr std::string_view kBytes = "\a\b\f\n\r\t\v", kLetters = "abfnrtv";
  const std::size_t at = kBytes.find(static_cast<char>(c));
  if (at != kBytes.npos) return {'\\', kLetters[at]};
  return fmt::format("\\x{:02x}", c);
}

bool is_printable(unsigned char c) { return c >= 0x20 && c < 0x7f; }

/// Decodes the UTF-8 character at \p i of \p text, which is known to be valid; moves \p i behind
/// it.
unsigned long next_character(std::string_view text, std::size_t& i) {
  const auto lead = static_cast<unsigned char>(text[i++]);
  const int following = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  unsigned long character = lead & (0x3fu >> following);
  for (int k = 0; k < following; ++k) {
    character = character << 6 | (static_cast<unsigned char>(text[i++]) & 0x3f);
  }
  return character;
}

/// Length of the valid UTF-8 character at \p i, 0 if there is none.
std::size_t character_length(std::string_view text, std::size_t i) {
  for (std::size_t length = 2; length <= 4 && i + length <= text.size(); ++length) {
    if (is_utf8(text.substr(i, length))) return length;
  }
  return 0;
}

std::tm local_parts(WallTime time) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

std::string quote_ascii(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += {'\\', text[i++]};
    } else if (is_printable(c)) {
      out += text[i++];
    } else if (c < 0x80 || character_length(text, i) == 0) {
      out += control_escape(c);
      ++i;
    } else {
      const unsigned long character = next_character(text, i);
      out += character < 0x10000 ? fmt::format("\\u{:04x}", character)
                                 : fmt::format("\\U{:08x}", character);
    }
  }
  return out + '"';
}

std::string escape_control(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += control_escape(byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string local_seconds(WallTime time) {
  const std::tm parts = local_parts(time);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace m8::output
