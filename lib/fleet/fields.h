/// Fields: one list of the members of each record, for writing and for reading it.
///
/// visit(each, record) calls each(name, member) for all of them. FieldWriter leaves out what is
/// empty; FieldReader leaves alone what is not there. Texts that are no UTF-8 travel as base64, so
/// every byte comes back.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/json.h"
#include "base/regex.h"

namespace m8::fleet {

template <typename T, template <typename...> class Of>
struct IsA : std::false_type {};
template <typename... A, template <typename...> class Of>
struct IsA<Of<A...>, Of> : std::true_type {};

/// Writes members into the object that is open in \p json.
class FieldWriter {
 public:
  explicit FieldWriter(json::Writer& json) : json_(json) {}

  template <typename T>
  void operator()(const char* name, const T& value) {
    if (empty(value)) return;
    json_.key(name);
    put(value);
  }

 private:
  template <typename T>
  static bool empty(const T& value) {
    if constexpr (IsA<T, std::shared_ptr>::value || IsA<T, std::optional>::value) {
      return !value;
    } else if constexpr (requires { value.empty(); }) {
      return value.empty();
    } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      return value == T{};
    } else {
      return false;
    }
  }

  void put(const std::string& text) {
    if (is_utf8(text)) {
      json_.value(text);
    } else {
      json_.object().field("64", base64_encode(text)).end();
    }
  }
  void put(bool value) { json_.value(value); }
  void put(double value) { json_.value(value); }
  void put(WallTime time) {
    json_.value(static_cast<std::int64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count()));
  }
  template <typename R, typename P>
  void put(std::chrono::duration<R, P> time) {
    json_.value(static_cast<std::int64_t>(time.count()));
  }
  template <typename A, typename B>
  void put(const std::pair<A, B>& pair) {
    json_.array();
    put(pair.first);
    put(pair.second);
    json_.end();
  }
  template <typename T>
  void put(const std::vector<T>& items) {
    json_.array();
    for (const T& item : items) put(item);
    json_.end();
  }
  template <typename T>
  void put(const std::map<std::string, T>& items) {
    json_.array();
    for (const auto& item : items) put(std::pair<std::string, T>(item));
    json_.end();
  }
  template <typename T>
  void put(const std::shared_ptr<T>& pointer) {
    put(*pointer);
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(*value);
  }
  template <typename T>
  void put(const T& value) {
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      json_.value(static_cast<std::int64_t>(value));
    } else {
      json_.object();
      FieldWriter inner(json_);
      visit(inner, value);
      json_.end();
    }
  }

  json::Writer& json_;
};

/// Reads members of a JSON object. What has another type than it should is left alone.
class FieldReader {
 public:
  explicit FieldReader(const json::Value& object) : object_(object) {}

  template <typename T>
  void operator()(const char* name, T& value) {
    if (const json::Value* found = object_.find(name)) get(*found, value);
  }

 private:
  static void get(const json::Value& from, std::string& text) {
    if (from.is_string()) {
      text = from.as_string();
    } else if (from.is_object()) {
      if (auto bytes = base64_decode(from.string_at("64")); bytes.ok())
        text = std::move(bytes).value();
    }
  }
  static void get(const json::Value& from, bool& value) { value = from.as_bool(value); }
  static void get(const json::Value& from, double& value) { value = from.as_double(value); }
  static void get(const json::Value& from, WallTime& time) {
    time = WallTime(
        std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(from.as_int())));
  }
  template <typename R, typename P>
  static void get(const json::Value& from, std::chrono::duration<R, P>& time) {
    time = std::chrono::duration<R, P>(static_cast<R>(from.as_int()));
  }
  template <typename A, typename B>
  static void get(const json::Value& from, std::pair<A, B>& pair) {
    if (from.items().size() != 2) return;
    get(from.items()[0], pair.first);
    get(from.items()[1], pair.second);
  }
  template <typename T>
  static void get(const json::Value& from, std::vector<T>& items) {
    items.clear();
    for (const json::Value& item : from.items()) get(item, items.emplace_back());
  }
  template <typename T>
  static void get(const json::Value& from, std::map<std::string, T>& items) {
    for (const json::Value& item : from.items()) {
      std::pair<std::string, T> pair;
      get(item, pair);
      items.insert(std::move(pair));
    }
  }
  template <typename T>
  static void get(const json::Value& from, std::shared_ptr<T>& pointer) {
    auto made = std::make_shared<std::remove_const_t<T>>();
    get(from, *made);
    pointer = std::move(made);
  }
  template <typename T>
  static void get(const json::Value& from, std::optional<T>& value) {
    get(from, value.emplace());
  }
  template <typename T>
  static void get(const json::Value& from, T& value) {
    if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
      value = static_cast<T>(from.as_int());
    } else {
      FieldReader inner(from);
      visit(inner, value);
    }
  }

  const json::Value& object_;
};

}  // namespace m8::fleet
