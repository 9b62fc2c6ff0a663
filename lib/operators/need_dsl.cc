// What a DSL expression can't be true without: literals and statuses of its conjuncts.

#include <utility>

#include "dsl/function.h"
#include "dsl/parser.h"
#include "operators/need.h"

namespace m8::operators {
namespace {

using dsl::Node;
using dsl::Op;

Need need_of(const Node& node);

const std::string* text_of(const Node& node) {
  return node.op == Op::kLiteral ? node.value.as<std::string>() : nullptr;
}

bool is_call(const Node& node, std::string_view name) {
  return node.op == Op::kCall && node.function != nullptr && node.function->name == name;
}

bool is_ascii(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  return true;
}

/// What a text is searched in: a part of the answer, maybe with another case.
struct Searched {
  bool of_answer = false;
  bool mapped = false;  ///< beyond ASCII a letter may have become another one
};

Searched searched(const Node& node) {
  if (node.op == Op::kName) return {is_of_answer(node.name) && !node.name.empty(), false};
  const bool maps = is_call(node, "to_lower") || is_call(node, "to_upper");
  if (!maps || node.children.size() != 1) return {};
  return {searched(*node.children[0]).of_answer, true};
}

Need literal_in(const Node& where, const Node& what) {
  const Searched in = searched(where);
  const std::string* literal = text_of(what);
  if (!in.of_answer || literal == nullptr) return {};
  if (in.mapped && !is_ascii(*literal)) return {};
  return need_literal(*literal);
}

/// Of each literal behind the first argument.
std::vector<Need> literals_in(const Node& call) {
  std::vector<Need> out;
  for (std::size_t i = 1; i < call.children.size(); ++i)
    out.push_back(literal_in(*call.children[0], *call.children[i]));
  return out;
}

Need pattern_in(const Node& where, const Node& pattern) {
  const Searched in = searched(where);
  const std::string* text = text_of(pattern);
  return in.of_answer && text != nullptr ? need_match(*text) : Need{};
}

Need call_need(const Node& call) {
  if (call.function == nullptr || call.children.size() < 2) return {};
  if (is_call(call, "contains") && call.children.size() == 2)
    return literal_in(*call.children[0], *call.children[1]);
  if (is_call(call, "contains_all")) return need_all(literals_in(call));
  if (is_call(call, "contains_any") || is_call(call, "starts_with") || is_call(call, "ends_with"))
    return need_any(literals_in(call));
  if (is_call(call, "regex") && call.children.size() == 2)
    return pattern_in(*call.children[1], *call.children[0]);
  return {};
}

bool is_status(const Node& node) { return node.op == Op::kName && node.name == "status_code"; }

const double* number_of(const Node& node) {
  return node.op == Op::kLiteral ? node.value.as<double>() : nullptr;
}

Need status_need(const Node& name, const Node& number) {
  const double* code = number_of(number);
  if (!is_status(name) || code == nullptr || *code < 0 || *code > 999) return {};
  Need out;
  out.statuses.push_back(static_cast<std::int64_t>(*code));
  return out;
}

Need equal_need(const Node& left, const Node& right) {
  Need need = status_need(left, right);
  return need.statuses.empty() ? status_need(right, left) : need;
}

Need need_of(const Node& node) {
  const auto& children = node.children;
  if (node.op == Op::kCall) return call_need(node);
  if (children.size() != 2) return {};
  switch (node.op) {
    case Op::kAnd:
      return need_all({need_of(*children[0]), need_of(*children[1])});
    case Op::kOr:
      return need_any({need_of(*children[0]), need_of(*children[1])});
    case Op::kEqual:
      return equal_need(*children[0], *children[1]);
    case Op::kMatch:
      return pattern_in(*children[0], *children[1]);
    default:
      return {};
  }
}

}  // namespace

Need need_true(const dsl::Expression& expression) { return need_of(expression.root()); }

}  // namespace m8::operators
