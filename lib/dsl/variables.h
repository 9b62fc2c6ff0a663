/// Variables: where an expression finds its names.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "dsl/value.h"

namespace m8::dsl {

/// Something that has named values. An event of a response makes them when asked.
class Names {
 public:
  virtual ~Names() = default;
  /// Null when the name is not defined. Borrowed until the next change of this object.
  virtual const Value* find(std::string_view name) const = 0;
  /// Calls \p visit with every defined name (needed by the substring rule of rendering,
  /// dsl.md 5.1).
  virtual void each_name(const std::function<void(std::string_view)>& visit) const = 0;
};

/// The plain implementation.
class Variables final : public Names {
 public:
  const Value* find(std::string_view name) const override;
  void each_name(const std::function<void(std::string_view)>& visit) const override;
  void set(std::string name, Value value) { values_[std::move(name)] = std::move(value); }
  void erase(std::string_view name);
  /// Values of \p other win.
  void merge(const Variables& other);
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  bool empty() const { return values_.empty(); }
  std::size_t size() const { return values_.size(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  std::map<std::string, Value, std::less<>> values_;
};

/// Looks in \p above first, then in \p below. Borrows both.
class Layered final : public Names {
 public:
  Layered(const Names& above, const Names& below) : above_(above), below_(below) {}
  const Value* find(std::string_view name) const override;
  void each_name(const std::function<void(std::string_view)>& visit) const override;

 private:
  const Names& above_;
  const Names& below_;
};

}  // namespace m8::dsl
