// Encodings: base64, hex, URL, HTML, JSON, binary layouts (dsl.md 7.2).
#include <array>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "base/hash.h"
#include "dsl/function.h"
#include "dsl/go_json.h"
#include "dsl/html_entities.h"
#include "dsl/number.h"
#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

Result<Value> base64(const Call& call) { return Value(base64_encode(Text(call[0]))); }

Result<Value> decode_base64(const Call& call) {
  std::string bytes = M8_TRY(base64_decode(Text(call[0])));
  return Value(std::move(bytes));
}

/// Python's encodebytes: a line feed after every 76 characters and at the end.
Result<Value> base64_py(const Call& call) {
  constexpr std::size_t kLine = 76;
  const std::string encoded = base64_encode(Text(call[0]));
  std::string out;
  out.reserve(encoded.size() + encoded.size() / kLine + 1);
  for (std::size_t at = 0; at < encoded.size(); at += kLine) {
    out.append(encoded, at, kLine).append(1, '\n');
  }
  return Value(out.empty() ? "\n" : std::move(out));
}

Result<Value> to_hex(const Call& call) {
  if (call.size() < 1 || call.size() > 2) return bad_signature();
  const auto bytes = call.bytes(0);
  if (!bytes.ok()) return Value("");
  const std::string digits = hex_encode(*bytes);
  const bool escaped = call.size() == 2 && to_lower(Text(call[1])) == "x";
  if (!escaped) return Value(digits);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); i += 2) out.append("\\x").append(digits, i, 2);
  return Value(std::move(out));
}

Result<Value> from_hex(const Call& call) {
  const Text source(call[0]);
  const std::string_view text = source;
  const std::size_t bad = text.find_first_not_of("0123456789abcdefABCDEF");
  if (bad != std::string_view::npos) {
    const auto byte = static_cast<unsigned char>(text[bad]);
    std::string shown;
    append_utf8(shown, byte);
    return bad_argument(fmt::format("encoding/hex: invalid byte: U+{:04X} '{}'",
                                    static_cast<unsigned>(byte), shown));
  }
  if (text.size() % 2 != 0) return bad_argument("encoding/hex: odd length hex string");
  std::string bytes = M8_TRY(hex_decode(text));
  return Value(std::move(bytes));
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

Result<Value> url_encode(const Call& call) {
  if (call.size() < 1 || call.size() > 2) return bad_signature();
  const auto* flag = call.size() == 2 ? call[1].as<bool>() : nullptr;
  const std::string_view kept = flag != nullptr && *flag ? "" : "-_.!~*'()";
  const Text text(call[0]);
  std::string out;
  for (const char c : text.view()) {
    if (is_alphanumeric(c) || kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      out.append(1, '%').append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  return Value(std::move(out));
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if ((c | 32) >= 'a' && (c | 32) <= 'f') return (c | 32) - 'a' + 10;
  return -1;
}

Result<Value> url_decode(const Call& call) {
  const Text source(call[0]);
  const std::string_view text = source;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return Value(std::move(out));
}

Result<Value> escape_html(const Call& call) {
  if (call.size() < 1 || call.size() > 2) return bad_signature();
  const auto* all = call.size() == 2 ? call[1].as<bool>() : nullptr;
  std::string out = html_escape(Text(call[0]), all != nullptr && *all);
  M8_TRY(check_size(out.size()));
  return Value(std::move(out));
}

Result<Value> unescape_html(const Call& call) { return Value(html_unescape(Text(call[0]))); }

Result<Value> json_minify(const Call& call) {
  const std::string_view source = M8_TRY(call.string(0));
  std::string text = M8_TRY(minified_object(source));
  return Value(std::move(text));
}

Result<Value> json_prettify(const Call& call) {
  const std::string_view text = M8_TRY(call.string(0));
  std::string pretty = M8_TRY(indented(text, "    "));
  M8_TRY(check_size(pretty.size()));
  return Value(std::move(pretty));
}

Result<Value> xor_all(const Call& call) {
  if (call.size() < 2) return bad_argument("at least two arguments needed");
  std::size_t longest = 0;
  for (std::size_t i = 0; i < call.size(); ++i) {
    const auto bytes = call.bytes(i);
    if (!bytes.ok()) {
      return bad_argument(fmt::format("invalid argument type {}", call[i].go_type()));
    }
    if (bytes->empty()) return bad_argument("empty arguments are not allowed");
    longest = std::max(longest, bytes->size());
  }
  std::string out(longest, '\0');
  for (std::size_t i = 0; i < call.size(); ++i) {
    const std::string_view key = *call.bytes(i);
    for (std::size_t at = 0; at < longest; ++at) {
      out[at] = static_cast<char>(out[at] ^ key[at % key.size()]);
    }
  }
  return Value(Bytes{std::move(out)});
}

std::uint64_t read_bytes(std::string_view data, std::size_t count, bool big) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = big ? i : count - 1 - i;
    value = value << 8 | static_cast<unsigned char>(data[from]);
  }
  return value;
}

/// Bytes that a format character takes; 0 for an unknown one.
std::size_t unpacked_size(char token) {
  switch (token) {
    case '?':
    case 'b':
    case 'B':
      return 1;
    case 'h':
    case 'H':
      return 2;
    case 'i':
    case 'I':
    case 'l':
    case 'L':
    case 'f':
      return 4;
    case 'q':
    case 'Q':
    case 'd':
      return 8;
    default:
      return 0;
  }
}

Value unpacked(char token, std::uint64_t raw, std::size_t size) {
  if (token == '?') return Value(raw != 0);
  if (token == 'd') return Value(std::bit_cast<double>(raw));
  if (token == 'f') {
    // A float32 is shown with its own shortest digits.
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(raw));
    return Value(parse_float(fmt::format("{}", value)).value_or(static_cast<double>(value)));
  }
  if (token == 'B') return Value(static_cast<std::int64_t>(raw));
  const auto unused = 64 - 8 * size;
  return Value(static_cast<std::int64_t>(raw << unused) >> unused);
}

/// The first value of a layout in the manner of Python's struct.
Result<Value> unpack(const Call& call) {
  const std::string_view format = M8_TRY(call.string(0));
  const std::string_view data = M8_TRY(call.string(1));
  const Error nothing = bad_argument("no result");
  bool big = false;
  for (const char token : format) {
    if (token == '<' || token == '>') {
      big = token == '>';
      continue;
    }
    const std::size_t size = unpacked_size(token);
    if (size == 0 || data.size() < size) return nothing;
    return unpacked(token, read_bytes(data, size, big), size);
  }
  return nothing;
}

constexpr Function kFunctions[] = {
    {"base64", 1, base64},
    {"base64_decode", 1, decode_base64},
    {"base64_py", 1, base64_py},
    {"hex_encode", -1, to_hex, "(s string, optionalFormat string) string"},
    {"hex_decode", 1, from_hex},
    {"url_encode", -1, url_encode, "(s string, optionalEncodeAllSpecialChars bool) string"},
    {"url_decode", 1, url_decode},
    {"html_escape", -1, escape_html, "(s string, optionalConvertAllChars bool) string"},
    {"html_unescape", 1, unescape_html},
    {"json_minify", 1, json_minify},
    {"json_prettify", 1, json_prettify},
    {"xor", -1, xor_all, "(args ...interface{}) interface{}"},
    {"unpack", 2, unpack},
};

}  // namespace

std::span<const Function> encode_functions() { return kFunctions; }

}  // namespace m8::dsl
