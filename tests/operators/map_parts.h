/// Parts made of a map: what operators see when no protocol is around.
#pragma once

#include <optional>
#include <string>

#include "base/yaml.h"
#include "operators/operators.h"

namespace m8::test {

class MapParts final : public operators::Parts {
 public:
  explicit MapParts(dsl::Variables values) : values_(std::move(values)) {}

  std::optional<std::int64_t> status() const override {
    const dsl::Value* value = values_.find("status_code");
    if (value == nullptr || value->as<double>() == nullptr) return std::nullopt;
    return static_cast<std::int64_t>(*value->as<double>());
  }

  /// From now on the body is all there is of an answer.
  void be_answer() { is_answer_ = true; }

 protected:
  std::optional<Answer> own_answer() const override {
    if (!is_answer_) return std::nullopt;
    return Answer{{}, own_text("body").value_or(""), status().value_or(0)};
  }
  std::optional<std::string_view> own_text(std::string_view part) const override {
    const dsl::Value* value = values_.find(part);
    if (value == nullptr || value->as<std::string>() == nullptr) return std::nullopt;
    return *value->as<std::string>();
  }
  std::string_view resolve_alias(std::string_view part) const override {
    return part.empty() ? "body" : part;
  }
  const dsl::Value* own_value(std::string_view name) const override { return values_.find(name); }
  void each_own_name(const std::function<void(std::string_view)>& visit) const override {
    values_.each_name(visit);
  }

 private:
  dsl::Variables values_;
  bool is_answer_ = false;
};

/// The parts most cases use: body "Hello World token=abc42", status 200.
inline dsl::Variables sample_values() {
  dsl::Variables values;
  values.set("body", "Hello World token=abc42");
  values.set("content_type", "text/html");
  values.set("status_code", 200);
  values.set("empty", "");
  values.set("user", "World");
  return values;
}

inline MapParts sample_parts() { return MapParts(sample_values()); }

inline Result<operators::Operators> compile_operators(std::string_view text,
                                                      std::set<std::string> excluded = {}) {
  return operators::Operators::compile(M8_TRY(yaml::parse(text)), "demo", excluded);
}

}  // namespace m8::test
