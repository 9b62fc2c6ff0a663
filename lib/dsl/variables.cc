#include "dsl/variables.h"

namespace m8::dsl {

const Value* Variables::find(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? nullptr : &it->second;
}

void Variables::each_name(const std::function<void(std::string_view)>& visit) const {
  for (const auto& [name, value] : values_) visit(name);
}

void Variables::erase(std::string_view name) {
  const auto it = values_.find(name);
  if (it != values_.end()) values_.erase(it);
}

void Variables::merge(const Variables& other) {
  for (const auto& [name, value] : other) values_.insert_or_assign(name, value);
}

const Value* Layered::find(std::string_view name) const {
  const Value* value = above_.find(name);
  return value != nullptr ? value : below_.find(name);
}

void Layered::each_name(const std::function<void(std::string_view)>& visit) const {
  above_.each_name(visit);
  below_.each_name([&](std::string_view name) {
    if (above_.find(name) == nullptr) visit(name);
  });
}

}  // namespace m8::dsl
