#include "operators/parts.h"

namespace m8::operators {

std::optional<std::string_view> Parts::text(std::string_view part) const {
  const std::string_view name = resolve_alias(part);
  if (extracted_.empty() || !extracted_.contains(name)) {
    if (auto view = own_text(name)) return view;
  }
  const dsl::Value* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* plain = value->as<std::string>()) return *plain;
  scratch_ = value->text();
  return scratch_;
}

const dsl::Value* Parts::find(std::string_view name) const {
  if (!extracted_.empty()) {
    if (const dsl::Value* value = extracted_.find(name)) return value;
  }
  return own_value(name);
}

void Parts::each_name(const std::function<void(std::string_view)>& visit) const {
  extracted_.each_name(visit);
  each_own_name(visit);
}

}  // namespace m8::operators
