/// HttpNames: the variables of one generated request, by precedence (templates 2.2).
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "dsl/variables.h"
#include "protocols/protocol.h"

namespace m8::protocols {

/// Which name wins (templates 2.2).
enum class NameOrder {
  kTarget,         ///< see HttpNames
  kSelfContained,  ///< constants > payloads > context > dynamic > -var > `variables` > built-ins
};

/// Payload values > constants > `variables` > -var > built-ins > context > dynamic values. Keeps
/// the execution and everything else alive that it looks into, because an answer's event does so
/// long after the request went out. Immutable once made.
class HttpNames final : public dsl::Names {
 public:
  /// \p dynamic: values of internal extractors. \p builtins: the execution's, or those of a changed
  /// port. \p trims_base: BaseURL without its final '/'. Evaluates the template's variables, with
  /// \p urls for the request's interaction URLs: its error is theirs.
  static Result<std::shared_ptr<HttpNames>> create(std::shared_ptr<const Execution> execution,
                                                   std::shared_ptr<const TargetNames> builtins,
                                                   std::shared_ptr<const dsl::Variables> dynamic,
                                                   bool trims_base, InteractionUrls& urls);
  /// For a request that names its own host: without built-ins, which only its URL tells.
  static Result<std::shared_ptr<HttpNames>> create_self_contained(
      std::shared_ptr<const Execution> execution, std::shared_ptr<const dsl::Variables> dynamic,
      InteractionUrls& urls);

  /// Values above all others; set once, before the request is rendered.
  void set_payloads(dsl::Variables payloads) { payloads_ = std::move(payloads); }
  const dsl::Variables& payloads() const { return payloads_; }
  /// REQUIRES: not of a self-contained request.
  const TargetNames& builtins() const { return *builtins_; }
  /// A copy that also knows the built-ins of \p url.
  HttpNames with_builtins(const net::Url& url) const;

  const dsl::Value* find(std::string_view name) const override;
  void each_name(const std::function<void(std::string_view)>& visit) const override;

 private:
  HttpNames() = default;
  /// What `variables` see: everything but themselves and payloads.
  class Known;
  const dsl::Value* find_builtin(std::string_view name) const;
  const dsl::Value* find_below(std::string_view name) const;
  const dsl::Value* find_self_contained(std::string_view name, bool with_variables) const;
  Status evaluate_variables(InteractionUrls& urls);

  std::shared_ptr<const Execution> execution_;
  std::shared_ptr<const TargetNames> builtins_;      ///< null: self-contained
  std::shared_ptr<const dsl::Variables> dynamic_;    ///< null: none
  std::shared_ptr<const dsl::Variables> variables_;  ///< null: none
  dsl::Variables payloads_;
  NameOrder order_ = NameOrder::kTarget;
  bool trims_base_ = false;
};

}  // namespace m8::protocols
