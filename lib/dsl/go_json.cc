#include "dsl/go_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "base/regex.h"
#include "dsl/go_json_check.h"
#include "dsl/number.h"

namespace m8::dsl {
namespace {

/// Integers beyond 64 bits and -0 become fractions: they are all floating-point numbers here.
std::string widened(std::string_view text) {
  constexpr std::size_t kDigitsOf64Bits = 18;
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", i), text.size());
    const std::size_t digits = end - i;
    if (digits == 0) {
      if (text[i] == '"') in_string = !in_string;
      if (text[i] == '\\') out += text[i++];
      if (i < text.size()) out += text[i++];
      continue;
    }
    out += text.substr(i, digits);
    const bool goes_on = end < text.size() && std::string_view(".eE").find(text[end]) < 3;
    const bool fraction = i > 0 && text[i - 1] == '.';
    const bool minus_zero =
        i > 0 && text[i - 1] == '-' && text.substr(i, digits) == "0" && text.substr(end, 1) != ".";
    const bool inexact = digits > kDigitsOf64Bits || minus_zero;
    if (!in_string && inexact && !goes_on && !fraction) out += ".0";
    i = end;
  }
  return out;
}

/// The code unit of the escape at \p at, a \u with four digits; 0 if there is none.
unsigned escaped_unit(std::string_view text, std::size_t at) {
  unsigned unit = 0;
  if (text.size() < at + 6 || text.substr(at, 2) != "\\u") return 0;
  std::from_chars(text.data() + at + 2, text.data() + at + 6, unit, 16);
  return unit;
}

/// Half a surrogate pair is U+FFFD.
std::string without_halves(std::string_view text) {
  std::string out(text);
  const auto is_high = [](unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; };
  const auto is_low = [](unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; };
  for (std::size_t i = out.find('\\'); i != std::string::npos; i = out.find('\\', i)) {
    const unsigned unit = escaped_unit(out, i);
    const bool pair = is_high(unit) && is_low(escaped_unit(out, i + 6));
    if (!pair && (is_high(unit) || is_low(unit))) out.replace(i + 2, 4, "fffd");
    i += pair ? 12 : 2;
  }
  return out;
}

Result<json::Value> parsed(std::string_view text) {
  M8_TRY(check_go_json(text));
  return json::parse(without_halves(widened(is_utf8(text) ? std::string(text) : to_utf8(text))));
}

const char* go_kind(json::Value::Type type) {
  switch (type) {
    case json::Value::Type::kBool:
      return "bool";
    case json::Value::Type::kString:
      return "string";
    case json::Value::Type::kArray:
      return "array";
    default:
      return "number";
  }
}

/// Plain decimals, with an exponent below 1e-6 and from 1e21.
std::string number_text(double v) {
  if (v == 0 || (std::abs(v) >= 1e-6 && std::abs(v) < 1e21)) return plain_text(v);
  std::string text = exponent_text(v);
  // e-09 is written e-9.
  const std::size_t zero = text.size() - 2;
  if (text[zero] == '0' && text[zero - 1] == '-') text.erase(zero, 1);
  return text;
}

void append_text(std::string& out, std::string_view text) {
  std::string quoted;
  json::append_quoted(quoted, text, true);
  // U+2028 and U+2029 end a line in JavaScript.
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    const std::string_view three = std::string_view(quoted).substr(i, 3);
    if (three == "\xE2\x80\xA8" || three == "\xE2\x80\xA9") {
      out += three.back() == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += quoted[i];
    }
  }
}

void append_sorted(std::string& out, const json::Value& value);

void append_object(std::string& out, const json::Value& value) {
  std::map<std::string_view, const json::Value*> members;
  for (const auto& [key, member] : value.members()) members[key] = &member;
  out += '{';
  for (const auto& [key, member] : members) {
    if (out.back() != '{') out += ',';
    append_text(out, key);
    out += ':';
    append_sorted(out, *member);
  }
  out += '}';
}

void append_array(std::string& out, const json::Value& value) {
  out += '[';
  bool first = true;
  for (const json::Value& item : value.items()) {
    if (!first) out += ',';
    first = false;
    append_sorted(out, item);
  }
  out += ']';
}

void append_sorted(std::string& out, const json::Value& value) {
  switch (value.type()) {
    case json::Value::Type::kNull:
      out += "null";
      break;
    case json::Value::Type::kBool:
      out += value.as_bool() ? "true" : "false";
      break;
    case json::Value::Type::kInt:
    case json::Value::Type::kDouble:
      out += number_text(value.as_double());
      break;
    case json::Value::Type::kString:
      append_text(out, value.as_string());
      break;
    case json::Value::Type::kArray:
      append_array(out, value);
      break;
    case json::Value::Type::kObject:
      append_object(out, value);
      break;
  }
}

/// Writes valid JSON again, token by token.
class Indenter {
 public:
  Indenter(std::string_view text, std::string_view indent) : text_(text), indent_(indent) {}

  std::string run() {
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (c == '"') {
        i = copy_string(i);
      } else if (c == '{' || c == '[') {
        i = open(i);
      } else if (c == '}' || c == ']') {
        --depth_;
        new_line();
        out_ += c;
      } else if (c == ',') {
        out_ += c;
        new_line();
      } else if (c == ':') {
        out_ += ": ";
      } else if (!is_white(c)) {
        out_ += c;
      }
    }
    return std::move(out_);
  }

 private:
  static bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  /// Returns the position of the closing quote.
  std::size_t copy_string(std::size_t begin) {
    std::size_t end = begin + 1;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    out_ += text_.substr(begin, end - begin + 1);
    return end;
  }

  /// An empty object or array stays on its line.
  std::size_t open(std::size_t at) {
    out_ += text_[at];
    const std::size_t next = text_.find_first_not_of(" \t\r\n", at + 1);
    if (next != std::string_view::npos && (text_[next] == '}' || text_[next] == ']')) {
      out_ += text_[next];
      return next;
    }
    ++depth_;
    new_line();
    return at;
  }

  void new_line() {
    out_ += '\n';
    for (int i = 0; i < depth_; ++i) out_ += indent_;
  }

  std::string_view text_;
  std::string_view indent_;
  std::string out_;
  int depth_ = 0;
};

}  // namespace

std::string minified(const json::Value& value) {
  std::string out;
  append_sorted(out, value);
  return out;
}

Result<std::string> minified_object(std::string_view text) {
  const json::Value value = M8_TRY(parsed(text));
  if (!value.is_object() && value.type() != json::Value::Type::kNull) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("json: cannot unmarshal {} into Go value of type "
                             "map[string]interface {{}}",
                             go_kind(value.type()))};
  }
  return minified(value);
}

Result<std::string> indented(std::string_view text, std::string_view indent) {
  M8_TRY(check_go_json(text));
  const std::size_t end = text.find_last_not_of(" \t\r\n") + 1;
  // Go keeps the white space behind the value.
  return Indenter(text.substr(0, end), indent).run() + std::string(text.substr(end));
}

}  // namespace m8::dsl
