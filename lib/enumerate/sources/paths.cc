#include "enumerate/sources/paths.h"

namespace m8::enumerate::sources {
namespace {

using TakeText = std::function<void(std::string_view)>;
using TakeValue = std::function<void(const json::Value&)>;

void give_scalar(const json::Value& value, const TakeText& take) {
  switch (value.type()) {
    case json::Value::Type::kString:
      return take(value.as_string());
    case json::Value::Type::kBool:
      return take(value.as_bool() ? "true" : "false");
    case json::Value::Type::kInt:
      return take(std::to_string(value.as_int()));
    case json::Value::Type::kDouble:
      return take(std::to_string(value.as_double()));
    default:
      return;
  }
}

std::string_view cut_front(std::string_view& path, std::string_view ends) {
  const std::size_t end = std::min(path.find_first_of(ends), path.size());
  const std::string_view part = path.substr(0, end);
  path.remove_prefix(end);
  return part;
}

/// Follows one alternative; keys of objects go to \p keys.
void follow(const json::Value& value, std::string_view path, const TakeValue& take,
            const TakeText& keys) {
  if (path.starts_with('.')) path.remove_prefix(1);
  if (path.empty()) return take(value);
  if (path == "{}") {
    for (const auto& [key, member] : value.members()) keys(key);
    return;
  }
  if (path.starts_with("[]")) {
    for (const auto& item : value.items()) follow(item, path.substr(2), take, keys);
    return;
  }
  if (path.starts_with("[-1]")) {
    if (!value.items().empty()) follow(value.items().back(), path.substr(4), take, keys);
    return;
  }
  const json::Value* member = value.find(cut_front(path, ".[{"));
  if (member != nullptr) follow(*member, path, take, keys);
}

void follow_all(const json::Value& root, std::string_view path, const TakeValue& take,
                const TakeText& keys) {
  while (!path.empty()) {
    follow(root, cut_front(path, "|"), take, keys);
    if (!path.empty()) path.remove_prefix(1);
  }
}

}  // namespace

void select_text(const json::Value& root, std::string_view path, const TakeText& take) {
  follow_all(
      root, path, [&](const json::Value& value) { give_scalar(value, take); }, take);
}

std::string text_at(const json::Value& root, std::string_view path) {
  std::string all;
  select_text(root, path, [&](std::string_view text) {
    if (!all.empty()) all += ',';
    all += text;
  });
  return all;
}

void select_values(const json::Value& root, std::string_view path, const TakeValue& take) {
  follow_all(root, path, take, [](std::string_view) {});
}

}  // namespace m8::enumerate::sources
