/// JSON: a streaming writer for records and a reader for what others wrote.
///
/// The writer appends to a string and never fails; keys keep the order in which they are written.
/// The reader (simdjson inside) gives a small value tree; depth and size are capped.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace m8::json {

/// Writes one JSON document. Commas are its own business:
///
///     json::Writer w;
///     w.object().key("a").value(1).key("b").array().value("x").end().end();
///     w.text()  // {"a":1,"b":["x"]}
///
/// Invalid UTF-8 in strings becomes U+FFFD. Not thread-safe.
class Writer {
 public:
  /// \p escape_html writes < > & as \u003c \u003e \u0026, as Go's encoder does.
  explicit Writer(bool escape_html = false) : escape_html_(escape_html) {}

  Writer& object();
  Writer& array();
  /// Closes the innermost object or array.
  Writer& end();
  Writer& key(std::string_view name);
  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  Writer& value(const std::string& text) { return value(std::string_view(text)); }
  Writer& value(bool flag);
  Writer& value(std::int64_t number);
  Writer& value(std::uint64_t number);
  Writer& value(int number) { return value(static_cast<std::int64_t>(number)); }
  /// Shortest form that reads back the same; NaN and infinities become null.
  Writer& value(double number);
  Writer& null();
  /// Appends \p json, which must be one valid JSON value, as it is.
  Writer& raw(std::string_view json);

  /// key(name).value(v)
  template <typename T>
  Writer& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }
  /// field(), left out when the text is empty.
  Writer& optional(std::string_view name, std::string_view text) {
    return text.empty() ? *this : key(name).value(text);
  }
  /// An array of strings.
  Writer& strings(std::string_view name, const std::vector<std::string>& items);

  const std::string& text() const { return out_; }
  /// Gives the text away and starts anew.
  std::string take();
  void clear();

 private:
  void separate();

  std::string out_;
  std::string open_;   ///< one of '{' '[' per level
  bool fresh_ = true;  ///< nothing written yet at this level
  bool escape_html_;
};

/// Appends \p text as a quoted JSON string to \p out.
void append_quoted(std::string& out, std::string_view text, bool escape_html = false);

/// A parsed value. Objects keep the order and the duplicates of the text.
class Value {
 public:
  enum class Type { kNull, kBool, kInt, kDouble, kString, kArray, kObject };
  using Member = std::pair<std::string, Value>;

  Type type() const { return type_; }
  bool is_null() const { return type_ == Type::kNull; }
  bool is_string() const { return type_ == Type::kString; }
  bool is_array() const { return type_ == Type::kArray; }
  bool is_object() const { return type_ == Type::kObject; }
  bool is_number() const { return type_ == Type::kInt || type_ == Type::kDouble; }
  bool is_bool() const { return type_ == Type::kBool; }

  bool as_bool(bool fallback = false) const { return is_bool() ? bool_ : fallback; }
  std::int64_t as_int(std::int64_t fallback = 0) const;
  double as_double(double fallback = 0) const;
  /// The text of a string, else empty. Borrowed from this value.
  std::string_view as_string() const { return string_; }
  const std::vector<Value>& items() const { return items_; }
  const std::vector<Member>& members() const { return members_; }

  /// First member named \p name; null if there is none or this is no object. O(members).
  const Value* find(std::string_view name) const;
  /// as_string() of a member, empty if absent.
  std::string_view string_at(std::string_view name) const;

 private:
  friend struct Builder;
  Type type_ = Type::kNull;
  bool bool_ = false;
  std::int64_t int_ = 0;
  double double_ = 0;
  std::string string_;
  std::vector<Value> items_;
  std::vector<Member> members_;
};

/// Parses one JSON document. kInvalidArgument if malformed, deeper than 64 levels, or followed by
/// anything but white space. O(size).
Result<Value> parse(std::string_view text);

}  // namespace m8::json
