#include "protocols/http_names.h"

namespace m8::protocols {

class HttpNames::Known final : public dsl::Names {
 public:
  explicit Known(const HttpNames& names) : names_(names) {}

  const dsl::Value* find(std::string_view name) const override {
    if (names_.order_ == NameOrder::kSelfContained) return names_.find_self_contained(name, false);
    const Execution& execution = *names_.execution_;
    if (execution.constants) {
      if (const auto* value = execution.constants->find(name)) return value;
    }
    return names_.find_below(name);
  }

  void each_name(const std::function<void(std::string_view)>& visit) const override {
    names_.each_name(visit);
  }

 private:
  const HttpNames& names_;
};

Result<std::shared_ptr<HttpNames>> HttpNames::create(std::shared_ptr<const Execution> execution,
                                                     std::shared_ptr<const TargetNames> builtins,
                                                     std::shared_ptr<const dsl::Variables> dynamic,
                                                     bool trims_base, InteractionUrls& urls) {
  std::shared_ptr<HttpNames> names(new HttpNames);
  names->execution_ = std::move(execution);
  names->builtins_ = std::move(builtins);
  names->dynamic_ = std::move(dynamic);
  names->trims_base_ = trims_base;
  M8_TRY(names->evaluate_variables(urls));
  return names;
}

Result<std::shared_ptr<HttpNames>> HttpNames::create_self_contained(
    std::shared_ptr<const Execution> execution, std::shared_ptr<const dsl::Variables> dynamic,
    InteractionUrls& urls) {
  std::shared_ptr<HttpNames> names(new HttpNames);
  names->execution_ = std::move(execution);
  names->dynamic_ = std::move(dynamic);
  names->order_ = NameOrder::kSelfContained;
  M8_TRY(names->evaluate_variables(urls));
  return names;
}

Status HttpNames::evaluate_variables(InteractionUrls& urls) {
  if (const VariablesHook& hook = execution_->variables)
    variables_ = M8_TRY(hook(Known(*this), urls));
  return {};
}

HttpNames HttpNames::with_builtins(const net::Url& url) const {
  HttpNames out = *this;
  out.builtins_ = std::make_shared<const TargetNames>(model::Target{url.to_string(), url, {}});
  return out;
}

const dsl::Value* HttpNames::find_builtin(std::string_view name) const {
  if (!builtins_) return nullptr;
  if (trims_base_ && (name == "BaseURL" || name == "Input")) {
    return &builtins_->base_url_without_slash();
  }
  return builtins_->find(name);
}

/// -var > built-ins > context > dynamic > what a workflow hands down.
const dsl::Value* HttpNames::find_below(std::string_view name) const {
  if (const auto* value = execution_->scan.overrides.find(name)) return value;
  if (const auto* value = find_builtin(name)) return value;
  if (const auto* value = execution_->context.find(name)) return value;
  if (dynamic_) {
    if (const auto* value = dynamic_->find(name)) return value;
  }
  return execution_->inherited ? execution_->inherited->find(name) : nullptr;
}

const dsl::Value* HttpNames::find_self_contained(std::string_view name, bool with_variables) const {
  const dsl::Variables* layers[] = {execution_->constants.get(),
                                    &payloads_,
                                    &execution_->context,
                                    dynamic_.get(),
                                    execution_->inherited.get(),
                                    &execution_->scan.overrides,
                                    with_variables ? variables_.get() : nullptr};
  for (const dsl::Variables* layer : layers) {
    if (layer == nullptr) continue;
    if (const auto* value = layer->find(name)) return value;
  }
  return find_builtin(name);
}

const dsl::Value* HttpNames::find(std::string_view name) const {
  if (order_ == NameOrder::kSelfContained) return find_self_contained(name, true);
  if (const auto* value = payloads_.find(name)) return value;
  if (execution_->constants) {
    if (const auto* value = execution_->constants->find(name)) return value;
  }
  if (variables_) {
    if (const auto* value = variables_->find(name)) return value;
  }
  return find_below(name);
}

void HttpNames::each_name(const std::function<void(std::string_view)>& visit) const {
  payloads_.each_name(visit);
  if (execution_->constants) execution_->constants->each_name(visit);
  if (variables_) variables_->each_name(visit);
  execution_->scan.overrides.each_name(visit);
  if (builtins_) builtins_->each_name(visit);
  execution_->context.each_name(visit);
  if (dynamic_) dynamic_->each_name(visit);
  if (execution_->inherited) execution_->inherited->each_name(visit);
}

}  // namespace m8::protocols
