#include "store/query.h"

namespace m8::store {

Select& Select::where(std::string_view condition) {
  query_.sql += conditions_ ? " AND " : " WHERE ";
  query_.sql += condition;
  conditions_ = true;
  return *this;
}

Select& Select::where(std::string_view condition, Value value, std::string_view rest) {
  return where(condition).append("", std::move(value), rest);
}

Select& Select::where_in(std::string_view column, const std::vector<Value>& values) {
  where(column);
  std::string_view before = " IN (";
  for (const Value& value : values) {
    append(before, value);
    before = ", ";
  }
  query_.sql += ')';
  return *this;
}

Select& Select::append(std::string_view sql, Value value, std::string_view rest) {
  query_.values.push_back(std::move(value));
  query_.sql.append(sql).append("$").append(std::to_string(query_.values.size())).append(rest);
  return *this;
}

Query Select::order(std::string_view columns, std::size_t limit) {
  query_.sql.append(" ORDER BY ").append(columns);
  if (limit > 0) append(" LIMIT ", static_cast<std::int64_t>(limit));
  return query_;
}

}  // namespace m8::store
