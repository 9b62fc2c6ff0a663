/// Query: SQL text and its values, kept apart until the database joins them. Rows of its answer.
///
/// The text holds $1, $2, ... in this order and is the same for every backend; values are never
/// part of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace m8::store {

/// A value that a statement is given: whole number (also for booleans: 0 or 1) or text.
using Value = std::variant<std::int64_t, std::string>;

struct Query {
  std::string sql;
  std::vector<Value> values;  ///< of $1, $2, ...
};

/// A row of an answer. Texts are borrowed until the next row.
class Row {
 public:
  virtual ~Row() = default;
  virtual int columns() const = 0;
  /// 0 if NULL; booleans are 0 or 1.
  virtual std::int64_t integer(int column) const = 0;
  /// Empty if NULL.
  virtual std::string_view text(int column) const = 0;
};

using EachRow = std::function<Status(const Row&)>;

/// A SELECT that grows by conditions, each with its values.
class Select {
 public:
  explicit Select(std::string_view sql) { query_.sql = sql; }
  Select& where(std::string_view condition);
  /// \p condition ends where its value goes: "host = "; \p rest follows the value.
  Select& where(std::string_view condition, Value value, std::string_view rest = {});
  /// "\p column IN (...)": one of \p values, of which there is one at least.
  Select& where_in(std::string_view column, const std::vector<Value>& values);
  /// More text, with a value between \p sql and \p rest.
  Select& append(std::string_view sql, Value value, std::string_view rest = {});
  /// The order, and at most \p limit rows (0: all): the last call.
  Query order(std::string_view columns, std::size_t limit = 0);

 private:
  Query query_;
  bool conditions_ = false;
};

}  // namespace m8::store
