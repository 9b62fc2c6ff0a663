#include "base/json.h"

#include <cmath>

#include <fmt/format.h>
#include <simdjson.h>

#include "base/byte_set.h"

namespace m8::json {
namespace {

constexpr int kMaxDepth = 64;

/// Length of the valid UTF-8 sequence at \p text[i], 0 if it is invalid (RFC 3629).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const auto follows = [&](std::size_t k, unsigned lo = 0x80, unsigned hi = 0xbf) {
    return k < text.size() && byte(k) >= lo && byte(k) <= hi;
  };
  const unsigned lead = byte(i);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return follows(i + 1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned lo = lead == 0xe0 ? 0xa0 : 0x80, hi = lead == 0xed ? 0x9f : 0xbf;
    return follows(i + 1, lo, hi) && follows(i + 2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned lo = lead == 0xf0 ? 0x90 : 0x80, hi = lead == 0xf4 ? 0x8f : 0xbf;
    return follows(i + 1, lo, hi) && follows(i + 2) && follows(i + 3) ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
}

constexpr ByteSet kPlain = ByteSet().with_range(0x20, 0x7f).without("\"\\");
constexpr ByteSet kPlainInHtml = kPlain.without("<>&");

}  // namespace

void append_quoted(std::string& out, std::string_view text, bool escape_html) {
  const ByteSet& plain = escape_html ? kPlainInHtml : kPlain;
  out += '"';
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t run = plain.skip(text, i);
    out.append(text, i, run - i);
    i = run;
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      append_escaped(out, c);
      ++i;
    } else if (const std::size_t n = utf8_length(text, i)) {
      out.append(text, i, n);
      i += n;
    } else {
      out += "\xef\xbf\xbd";
      ++i;
    }
  }
  out += '"';
}

void Writer::separate() {
  if (!fresh_ && !open_.empty()) out_ += ',';
  fresh_ = false;
}

Writer& Writer::object() {
  separate();
  out_ += '{';
  open_ += '{';
  fresh_ = true;
  return *this;
}

Writer& Writer::array() {
  separate();
  out_ += '[';
  open_ += '[';
  fresh_ = true;
  return *this;
}

Writer& Writer::end() {
  out_ += open_.back() == '{' ? '}' : ']';
  open_.pop_back();
  fresh_ = false;
  return *this;
}

Writer& Writer::key(std::string_view name) {
  separate();
  append_quoted(out_, name, escape_html_);
  out_ += ':';
  fresh_ = true;
  return *this;
}

Writer& Writer::value(std::string_view text) {
  separate();
  append_quoted(out_, text, escape_html_);
  return *this;
}

Writer& Writer::value(bool flag) { return raw(flag ? "true" : "false"); }

Writer& Writer::value(std::int64_t number) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

Writer& Writer::value(std::uint64_t number) {
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

Writer& Writer::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

Writer& Writer::null() { return raw("null"); }

Writer& Writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

Writer& Writer::strings(std::string_view name, const std::vector<std::string>& items) {
  key(name).array();
  for (const auto& item : items) value(item);
  return end();
}

std::string Writer::take() {
  std::string text = std::move(out_);
  clear();
  return text;
}

void Writer::clear() {
  out_.clear();
  open_.clear();
  fresh_ = true;
}

/// Copies simdjson's tape into values.
struct Builder {
  static Status build(const simdjson::dom::element& from, Value& to, int depth) {
    using simdjson::dom::element_type;
    if (depth > kMaxDepth) return Error{ErrorCode::kInvalidArgument, "json: nested too deeply"};
    switch (from.type()) {
      case element_type::NULL_VALUE:
        break;
      case element_type::BOOL:
        to.type_ = Value::Type::kBool;
        to.bool_ = from.get_bool().value_unsafe();
        break;
      case element_type::INT64:
        to.type_ = Value::Type::kInt;
        to.int_ = from.get_int64().value_unsafe();
        break;
      case element_type::UINT64:
      case element_type::DOUBLE:
        to.type_ = Value::Type::kDouble;
        to.double_ = from.get_double().value_unsafe();
        break;
      case element_type::STRING:
        to.type_ = Value::Type::kString;
        to.string_ = from.get_string().value_unsafe();
        break;
      case element_type::ARRAY: {
        to.type_ = Value::Type::kArray;
        const simdjson::dom::array items = from.get_array().value_unsafe();
        for (const auto item : items) {
          M8_TRY(build(item, to.items_.emplace_back(), depth + 1));
        }
        break;
      }
      case element_type::OBJECT: {
        to.type_ = Value::Type::kObject;
        const simdjson::dom::object members = from.get_object().value_unsafe();
        for (const auto member : members) {
          auto& slot = to.members_.emplace_back(std::string(member.key), Value());
          M8_TRY(build(member.value, slot.second, depth + 1));
        }
        break;
      }
    }
    return {};
  }
};

Result<Value> parse(std::string_view text) {
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("json: {}", simdjson::error_message(error))};
  }
  Value value;
  M8_TRY(Builder::build(root, value, 0));
  return value;
}

std::int64_t Value::as_int(std::int64_t fallback) const {
  if (type_ == Type::kInt) return int_;
  if (type_ == Type::kDouble && std::abs(double_) < 9.0e18)
    return static_cast<std::int64_t>(double_);
  return fallback;
}

double Value::as_double(double fallback) const {
  if (type_ == Type::kDouble) return double_;
  return type_ == Type::kInt ? static_cast<double>(int_) : fallback;
}

const Value* Value::find(std::string_view name) const {
  for (const auto& [key, value] : members_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string_view Value::string_at(std::string_view name) const {
  const Value* value = find(name);
  return value ? value->as_string() : std::string_view();
}

}  // namespace m8::json
