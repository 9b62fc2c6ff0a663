#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "dsl/expression.h"
#include "dsl/number.h"
#include "dsl/parser.h"

namespace m8::dsl {
namespace {

/// Values in messages are cut here: one may be a whole body.
constexpr std::size_t kMaxShown = 1024;

Error type_error(const Value& value, Op op, std::string_view role, std::string_view wanted) {
  return bad_argument(fmt::format("Value '{}' cannot be used with the {} '{}'{}",
                                  value.go_text().substr(0, kMaxShown), role, symbol(op), wanted));
}

Error prefix_error(const Value& value, Op op) { return type_error(value, op, "prefix", ""); }

Error modifier_error(const Value& value, Op op) {
  return type_error(value, op, "modifier", ", it is not a number");
}

Error comparator_error(const Value& value, Op op) {
  return type_error(value, op, "comparator", ", it is not a number");
}

Error logical_error(const Value& value, Op op) {
  return type_error(value, op, "logical operator", ", it is not a bool");
}

const bool* as_bool(const Operand& operand) { return operand->as<bool>(); }
const double* as_number(const Operand& operand) { return operand->as<double>(); }
const std::string* as_string(const Operand& operand) { return operand->as<std::string>(); }

double shift_left(double left, double right) {
  const auto by = to_int64(right);
  return by < 0 || by > 63 ? 0
                           : static_cast<double>(static_cast<std::uint64_t>(to_int64(left)) << by);
}

double shift_right(double left, double right) {
  const auto by = to_int64(right);
  return by < 0 || by > 63 ? 0
                           : static_cast<double>(static_cast<std::uint64_t>(to_int64(left)) >> by);
}

double arithmetic(Op op, double left, double right) {
  switch (op) {
    case Op::kSubtract:
      return left - right;
    case Op::kMultiply:
      return left * right;
    case Op::kDivide:
      return left / right;
    case Op::kModulo:
      return std::fmod(left, right);
    case Op::kPower:
      return std::pow(left, right);
    case Op::kBitAnd:
      return static_cast<double>(to_int64(left) & to_int64(right));
    case Op::kBitOr:
      return static_cast<double>(to_int64(left) | to_int64(right));
    case Op::kBitXor:
      return static_cast<double>(to_int64(left) ^ to_int64(right));
    case Op::kShiftLeft:
      return shift_left(left, right);
    case Op::kShiftRight:
      return shift_right(left, right);
    default:
      return left + right;
  }
}

template <typename T>
bool ordered(Op op, const T& left, const T& right) {
  switch (op) {
    case Op::kLess:
      return left < right;
    case Op::kGreater:
      return left > right;
    case Op::kLessEqual:
      return left <= right;
    default:
      return left >= right;
  }
}

/// One evaluation: the tree meets its variables.
class Evaluation {
 public:
  Evaluation(const Names& names, Services& services) : names_(names), services_(services) {}

  Result<Operand> run(const Node& node) const {
    switch (node.op) {
      case Op::kLiteral:
        return Operand(&node.value);
      case Op::kName:
        return name(node);
      case Op::kField:
        return field(node);
      case Op::kCall:
        return call(node);
      case Op::kList:
        return list(node);
      case Op::kNegate:
      case Op::kNot:
      case Op::kComplement:
        return prefix(node);
      case Op::kIn:
        return in(node);
      default:
        return binary(node);
    }
  }

 private:
  Result<Operand> name(const Node& node) const {
    const Value* value = names_.find(node.name);
    if (value == nullptr) {
      return Error{ErrorCode::kNotFound, fmt::format("No parameter '{}' found.", node.name)};
    }
    // Integers of the data are numbers; only results of functions stay integers.
    if (const auto* whole = value->as<std::int64_t>()) {
      return Operand(Value(static_cast<double>(*whole)));
    }
    return Operand(value);
  }

  Result<Operand> field(const Node& node) const {
    const std::size_t dot = node.name.find('.');
    const std::string object = node.name.substr(0, dot);
    if (names_.find(object) == nullptr) {
      return Error{ErrorCode::kNotFound, fmt::format("No parameter '{}' found.", object)};
    }
    const std::string member = node.name.substr(dot + 1, node.name.find('.', dot + 1) - dot - 1);
    return bad_argument(fmt::format("Unable to access '{}', '{}' is not a struct", member, object));
  }

  Result<Operand> call(const Node& node) const {
    std::vector<Operand> args;
    args.reserve(node.children.size());
    for (const auto& child : node.children) args.push_back(M8_TRY(run(*child)));
    // The reference can't tell a lone nil from no argument.
    if (args.size() == 1 && args.front()->is_nil()) args.clear();
    const Regex* pattern = node.pattern ? &*node.pattern : nullptr;
    Value result = M8_TRY(invoke(*node.function, Call(args, services_, pattern)));
    return Operand(std::move(result));
  }

  /// A list that is no argument list: its texts.
  Result<Operand> list(const Node& node) const {
    List items;
    for (const auto& child : node.children) {
      const Operand item = M8_TRY(run(*child));
      items.push_back(item->text());
    }
    return Operand(Value(std::move(items)));
  }

  Result<Operand> prefix(const Node& node) const {
    const Operand right = M8_TRY(run(*node.children[0]));
    if (node.op == Op::kNot) {
      if (as_bool(right) == nullptr) return prefix_error(right.get(), node.op);
      return Operand(Value(!*as_bool(right)));
    }
    if (as_number(right) == nullptr) return prefix_error(right.get(), node.op);
    const double value = *as_number(right);
    if (node.op == Op::kNegate) return Operand(Value(-value));
    return Operand(Value(static_cast<double>(~to_int64(value))));
  }

  Result<Operand> in(const Node& node) const {
    const Operand left = M8_TRY(run(*node.children[0]));
    const Node& right = *node.children[1];
    if (right.op == Op::kList) {
      bool found = false;
      for (const auto& child : right.children) {
        const Operand item = M8_TRY(run(*child));
        found = found || item.get() == left.get();
      }
      return Operand(Value(found));
    }
    const Operand set = M8_TRY(run(right));
    const auto* items = set->as<List>();
    if (items == nullptr) return comparator_error(set.get(), node.op);
    const auto* text = as_string(left);
    return Operand(
        Value(text != nullptr && std::find(items->begin(), items->end(), *text) != items->end()));
  }

  Result<Operand> binary(const Node& node) const {
    Operand left = M8_TRY(run(*node.children[0]));
    const bool* truth = as_bool(left);
    switch (node.op) {
      case Op::kAnd:
        if (truth != nullptr && !*truth) return left;
        break;
      case Op::kOr:
        if (truth != nullptr && *truth) return left;
        break;
      case Op::kThen:
        if (truth != nullptr && !*truth) return Operand();
        break;
      case Op::kElse:
      case Op::kCoalesce:
        return left->is_nil() ? run(*node.children[1]) : Result<Operand>(std::move(left));
      default:
        break;
    }
    Operand right = M8_TRY(run(*node.children[1]));
    return apply(node, left, std::move(right));
  }

  static Result<Operand> apply(const Node& node, const Operand& left, Operand right) {
    switch (node.op) {
      case Op::kAnd:
      case Op::kOr:
        if (as_bool(left) == nullptr) return logical_error(left.get(), node.op);
        if (as_bool(right) == nullptr) return logical_error(right.get(), node.op);
        return right;
      case Op::kThen:
        if (as_bool(left) == nullptr) {
          return type_error(left.get(), node.op, "ternary operator", ", it is not a bool");
        }
        return right;
      case Op::kEqual:
        return Operand(Value(left.get() == right.get()));
      case Op::kNotEqual:
        return Operand(Value(!(left.get() == right.get())));
      case Op::kMatch:
      case Op::kNotMatch:
        return match(node, left, right);
      case Op::kLess:
      case Op::kGreater:
      case Op::kLessEqual:
      case Op::kGreaterEqual:
        return compare(node.op, left, right);
      case Op::kAdd:
        return add(left, right);
      default:
        return numeric(node.op, left, right);
    }
  }

  static Result<Operand> match(const Node& node, const Operand& left, const Operand& right) {
    const auto* text = as_string(left);
    const auto* pattern = as_string(right);
    if (text == nullptr) return comparator_error(left.get(), node.op);
    if (pattern == nullptr) return comparator_error(right.get(), node.op);
    const bool wanted = node.op == Op::kMatch;
    if (node.pattern) return Operand(Value(node.pattern->search(*text) == wanted));
    const auto compiled = Regex::compile(*pattern);
    if (!compiled.ok()) {
      return bad_argument(fmt::format("Unable to compile regexp pattern '{}': {}",
                                      pattern->substr(0, kMaxShown), compiled.error().message));
    }
    return Operand(Value(compiled->search(*text) == wanted));
  }

  static Result<Operand> compare(Op op, const Operand& left, const Operand& right) {
    if (as_number(left) != nullptr && as_number(right) != nullptr) {
      return Operand(Value(ordered(op, *as_number(left), *as_number(right))));
    }
    if (as_string(left) != nullptr && as_string(right) != nullptr) {
      return Operand(Value(ordered(op, *as_string(left), *as_string(right))));
    }
    return comparator_error(left.get(), op);
  }

  static Result<Operand> add(const Operand& left, const Operand& right) {
    if (as_number(left) != nullptr && as_number(right) != nullptr) {
      return Operand(Value(*as_number(left) + *as_number(right)));
    }
    if (as_string(left) == nullptr && as_string(right) == nullptr) {
      return modifier_error(left.get(), Op::kAdd);
    }
    std::string joined = left->go_text();
    const std::string tail = right->go_text();
    M8_TRY(check_size(joined.size() + tail.size()));
    return Operand(Value(joined + tail));
  }

  static Result<Operand> numeric(Op op, const Operand& left, const Operand& right) {
    if (as_number(left) == nullptr) return modifier_error(left.get(), op);
    if (as_number(right) == nullptr) return modifier_error(right.get(), op);
    return Operand(Value(arithmetic(op, *as_number(left), *as_number(right))));
  }

  const Names& names_;
  Services& services_;
};

}  // namespace

Result<Expression> Expression::compile(std::string_view text) {
  auto root = parse(text);
  if (!root.ok()) return root.error();
  Expression expression;
  expression.text_ = std::string(text);
  each_node(**root, [&expression](const Node& node) {
    if (node.op == Op::kCall) expression.calls_functions_ = true;
    if (node.op != Op::kName && node.op != Op::kField) return;
    auto& names = expression.variables_;
    std::string name = node.op == Op::kName ? node.name : node.name.substr(0, node.name.find('.'));
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  });
  expression.root_ = std::move(*root);
  return expression;
}

Result<Value> Expression::eval(const Names& names, Services& services) const {
  Operand result = M8_TRY(Evaluation(names, services).run(*root_));
  return std::move(result).take();
}

}  // namespace m8::dsl
