/// Helper functions: the record of one, the call it sees, and the table of all (dsl.md 6, 7).
///
/// A new helper is a function in functions_<family>.cc and a line in that family's table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "base/result.h"
#include "dsl/operand.h"
#include "dsl/services.h"
#include "dsl/value.h"

namespace m8::dsl {

/// No helper makes a result longer than this: kExhausted.
inline constexpr std::size_t kMaxResultBytes = 16u << 20;

/// What a helper gets. Borrowed for the call.
class Call {
 public:
  Call(std::span<const Operand> args, Services& services, const Regex* pattern)
      : args_(args), services_(services), pattern_(pattern) {}

  std::size_t size() const { return args_.size(); }
  const Value& operator[](std::size_t i) const { return args_[i].get(); }
  /// The argument as a number: numbers truncate toward zero, text must be a number (dsl.md 6,
  /// int(x)). kInvalidArgument.
  Result<std::int64_t> integer(std::size_t i) const;
  /// The argument if it is really a string ("S" in dsl.md 7). kInvalidArgument.
  Result<std::string_view> string(std::size_t i) const;
  /// The argument if it is a string or bytes. kInvalidArgument.
  Result<std::string_view> bytes(std::size_t i) const;
  /// The regular expression in argument \p i: compiled with the expression when it is a literal.
  Result<Regex> regex(std::size_t i) const;
  Services& services() const { return services_; }

 private:
  std::span<const Operand> args_;
  Services& services_;
  const Regex* pattern_;
};

struct Function {
  static constexpr int kVariadic = -1;

  std::string_view name;
  int arity;  ///< exact number of arguments; kVariadic functions check themselves
  Result<Value> (*body)(const Call&);  ///< null: known, deliberately not there
  std::string_view signature = {};     ///< of variadic ones, after the name
  bool pattern = false;                ///< argument \p pattern_at is a regular expression
  std::size_t pattern_at = 0;
};

/// By name or alias (the name without underscores). Null if there is none.
const Function* find_function(std::string_view name);
/// Every name and alias occurs as often as it is registered; order is fixed.
const std::vector<std::string>& function_names();
/// "to_upper(arg1 interface{}) interface{}"
std::string signature(const Function& function);
/// Calls it: checks the number of arguments first.
Result<Value> invoke(const Function& function, const Call& call);

/// The reference's answer to a wrong number of arguments of a variadic helper.
Error bad_signature();
Error bad_argument(std::string message);
/// kExhausted if \p bytes is more than kMaxResultBytes.
Status check_size(std::size_t bytes);

// The families.
std::span<const Function> string_functions();
std::span<const Function> list_functions();
std::span<const Function> encode_functions();
std::span<const Function> compress_functions();
std::span<const Function> number_functions();
std::span<const Function> hash_functions();
std::span<const Function> time_functions();
std::span<const Function> random_functions();
std::span<const Function> net_functions();

}  // namespace m8::dsl
