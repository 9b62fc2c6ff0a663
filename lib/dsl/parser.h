/// Parser: tokens as a tree (dsl.md 3).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/regex.h"
#include "base/result.h"
#include "dsl/function.h"
#include "dsl/value.h"

namespace m8::dsl {

enum class Op : std::uint8_t {
  kLiteral,
  kName,
  kField,  ///< name.Field: there are no structs, so always an error
  kCall,
  kList,
  kNegate,
  kNot,
  kComplement,
  kPower,
  kMultiply,
  kDivide,
  kModulo,
  kAdd,
  kSubtract,
  kShiftLeft,
  kShiftRight,
  kBitAnd,
  kBitOr,
  kBitXor,
  kEqual,
  kNotEqual,
  kLess,
  kGreater,
  kLessEqual,
  kGreaterEqual,
  kMatch,
  kNotMatch,
  kIn,
  kAnd,
  kOr,
  kThen,      ///< c ? a
  kElse,      ///< x : b
  kCoalesce,  ///< a ?? b
};

/// The operator as it is written.
std::string_view symbol(Op op);

/// One node; immutable once parsed.
struct Node {
  Op op = Op::kLiteral;
  bool grouped = false;                ///< stood in parentheses
  std::uint16_t depth = 1;             ///< levels below and including this one
  Value value;                         ///< kLiteral
  std::string name;                    ///< kName, kField
  const Function* function = nullptr;  ///< kCall
  std::optional<Regex> pattern;        ///< constant pattern of =~, !~ and of a call
  std::vector<std::unique_ptr<Node>> children;
};

inline constexpr std::size_t kMaxExpressionBytes = 64u << 10;

/// kInvalidArgument with the reference's text; kUnsupported "unsupported function x". At most
/// kMaxExpressionBytes of text, 200 levels of parentheses, 1,000 operators in a chain. With
/// \p functions false no name is a function.
Result<std::unique_ptr<Node>> parse(std::string_view text, bool functions = true);

/// Calls \p visit with every node, parents first, left to right.
template <typename Visit>
void each_node(const Node& node, Visit&& visit) {
  visit(node);
  for (const auto& child : node.children) each_node(*child, visit);
}

}  // namespace m8::dsl
