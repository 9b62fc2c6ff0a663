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
  /// It changes many issues, in no order that programs share: these take turns.
  bool takes_turn = false;
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

/// Who runs statements.
class Statements {
 public:
  virtual ~Statements() = default;
  /// Runs \p query, prepared once per connection, in a transaction of its own. Its rows (few: they
  /// may be held in memory) go to \p each. Returns the number of rows changed.
  virtual Result<std::int64_t> run(const Query& query, const EachRow& each) = 0;
  /// Reads the rows of the SELECT \p query, however many, without holding them.
  virtual Status stream(const Query& query, const EachRow& each) = 0;
  /// Gives the space of removed rows back to the system.
  virtual Status compact() = 0;
  /// To be called after each change: what is cached may be wrong now.
  virtual void wrote() = 0;
};

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
  /// Without an order.
  Query take() { return std::move(query_); }
  /// The order, and at most \p limit rows (0: all): the last call.
  Query order(std::string_view columns, std::size_t limit = 0);

 private:
  Query query_;
  bool conditions_ = false;
};

}  // namespace m8::store
