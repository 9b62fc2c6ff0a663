/// Parts: all that a matcher or extractor sees of an answer: named byte views and numbers.
///
/// Protocols derive from it. Nothing is copied until an expression asks for a name's Value.
/// One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "dsl/variables.h"

namespace m8::operators {

class Parts : public dsl::Names {
 public:
  /// Bytes of the part, numbers as text. Aliases of the protocol are resolved and "" is its default
  /// part. Empty if there is no such part. Borrowed until set() or the next call for an uncommon
  /// name.
  std::optional<std::string_view> text(std::string_view part) const;
  /// What a status matcher compares; empty if the protocol has none.
  virtual std::optional<std::int64_t> status() const = 0;

  /// Where a Need is looked for.
  struct Answer {
    std::string_view head, body;
    std::int64_t status = 0;
  };
  /// Empty if something lies above it: then nothing can be told from it alone.
  std::optional<Answer> answer() const { return extracted_.empty() ? own_answer() : std::nullopt; }

  /// The whole event map, extracted values on top.
  const dsl::Value* find(std::string_view name) const final;
  void each_name(const std::function<void(std::string_view)>& visit) const final;

  /// Adds an extracted value for later extractors and matchers (templates 7.4).
  void set(std::string name, dsl::Value value) {
    extracted_.set(std::move(name), std::move(value));
  }

 protected:
  virtual std::optional<Answer> own_answer() const { return std::nullopt; }
  /// Views of the protocol's common parts, without making a Value; empty optional: unknown here,
  /// own_value() is asked next.
  virtual std::optional<std::string_view> own_text(std::string_view part) const = 0;
  /// The real name of part \p part ("" and "header" for http).
  virtual std::string_view resolve_alias(std::string_view part) const { return part; }
  virtual const dsl::Value* own_value(std::string_view name) const = 0;
  virtual void each_own_name(const std::function<void(std::string_view)>& visit) const = 0;

 private:
  dsl::Variables extracted_;
  mutable std::string scratch_;  ///< text of the last part that was no string
};

}  // namespace m8::operators
