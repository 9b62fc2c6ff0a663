#include "dsl/parser.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "dsl/lexer.h"

namespace m8::dsl {
namespace {

using Kind = Token::Kind;
using NodePtr = std::unique_ptr<Node>;

constexpr int kMaxNesting = 400;  // two for each parenthesis that is a right operand
constexpr int kMaxDepth = 1000;

struct Binary {
  std::string_view symbol;
  Op op;
  int level;  ///< a higher one binds tighter
};

constexpr Binary kBinaries[] = {
    {",", Op::kList, 1},       {"?", Op::kThen, 2},        {":", Op::kElse, 2},
    {"??", Op::kCoalesce, 2},  {"||", Op::kOr, 3},         {"&&", Op::kAnd, 4},
    {"==", Op::kEqual, 5},     {"!=", Op::kNotEqual, 5},   {"<", Op::kLess, 5},
    {">", Op::kGreater, 5},    {"<=", Op::kLessEqual, 5},  {">=", Op::kGreaterEqual, 5},
    {"=~", Op::kMatch, 5},     {"!~", Op::kNotMatch, 5},   {"in", Op::kIn, 5},
    {"&", Op::kBitAnd, 6},     {"|", Op::kBitOr, 6},       {"^", Op::kBitXor, 6},
    {"<<", Op::kShiftLeft, 7}, {">>", Op::kShiftRight, 7}, {"+", Op::kAdd, 8},
    {"-", Op::kSubtract, 8},   {"*", Op::kMultiply, 9},    {"/", Op::kDivide, 9},
    {"%", Op::kModulo, 9},     {"**", Op::kPower, 10},
};

const Binary* find_binary(const Token& token) {
  switch (token.kind) {
    case Kind::kSeparator:
    case Kind::kTernary:
    case Kind::kLogical:
    case Kind::kComparator:
    case Kind::kModifier:
      for (const Binary& known : kBinaries) {
        if (known.symbol == token.text) return &known;
      }
      return nullptr;
    default:
      return nullptr;
  }
}

Error syntax_error(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

NodePtr literal(Value value) {
  auto node = std::make_unique<Node>();
  node->value = std::move(value);
  return node;
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  // What follows a complete expression is not looked at: the reference plans "(1) 2" as 1.
  Result<NodePtr> run() { return expression(1); }

 private:
  bool done() const { return at_ == tokens_.size(); }
  const Token& peek() const { return tokens_[at_]; }

  /// Operators of \p level and tighter, all associating left.
  Result<NodePtr> expression(int level) {
    if (++nesting_ > kMaxNesting) return syntax_error("expression is nested too deeply");
    NodePtr left = M8_TRY(operand());
    while (!done()) {
      const Binary* binary = find_binary(peek());
      if (binary == nullptr || binary->level < level) break;
      ++at_;
      NodePtr right = M8_TRY(expression(binary->level + 1));
      left = M8_TRY(join(binary->op, std::move(left), std::move(right)));
    }
    --nesting_;
    return left;
  }

  static Status adopt(Node& parent, NodePtr child) {
    if (child->depth >= kMaxDepth) return syntax_error("expression is nested too deeply");
    parent.depth = static_cast<std::uint16_t>(std::max<int>(parent.depth, child->depth + 1));
    parent.children.push_back(std::move(child));
    return {};
  }

  static Result<NodePtr> join(Op op, NodePtr left, NodePtr right) {
    if (op == Op::kList && left->op == Op::kList) {
      left->grouped = false;
      M8_TRY(adopt(*left, std::move(right)));
      return left;
    }
    auto node = std::make_unique<Node>();
    node->op = op;
    if (op == Op::kMatch || op == Op::kNotMatch) M8_TRY(fix_pattern(*node, *right));
    if (op == Op::kIn) right = M8_TRY(as_list(std::move(right)));
    M8_TRY(adopt(*node, std::move(left)));
    M8_TRY(adopt(*node, std::move(right)));
    return node;
  }

  static Status fix_pattern(Node& node, const Node& right) {
    if (right.op != Op::kLiteral || right.grouped) return {};
    const auto* pattern = right.value.as<std::string>();
    if (pattern == nullptr) return {};
    auto compiled = Regex::compile(*pattern);
    if (!compiled.ok()) return compiled.error();
    node.pattern = std::move(*compiled);
    return {};
  }

  /// `x in (1)` and `x in ()`: parentheses make a list of one or none.
  static Result<NodePtr> as_list(NodePtr node) {
    if (node->op == Op::kList || !node->grouped) return node;
    auto list = std::make_unique<Node>();
    list->op = Op::kList;
    const bool empty = node->op == Op::kLiteral && node->value.is_nil();
    if (!empty) M8_TRY(adopt(*list, std::move(node)));
    return list;
  }

  /// Nothing is an operand too, before `)` and at the end: nil.
  Result<NodePtr> operand() {
    if (done()) return literal(Value());
    const Token& token = peek();
    if (token.kind == Kind::kClose) return literal(Value());
    ++at_;
    switch (token.kind) {
      case Kind::kNumber:
      case Kind::kTime:
        return literal(token.number);
      case Kind::kBool:
        return literal(token.number != 0);
      case Kind::kString:
        return literal(token.text);
      case Kind::kName:
      case Kind::kAccessor:
        return named(token);
      case Kind::kPrefix:
        return prefix(token);
      case Kind::kFunction:
        return call(token);
      case Kind::kOpen:
        return group();
      default:
        return syntax_error(fmt::format("Unable to plan token '{}'", token.text));
    }
  }

  Result<NodePtr> named(const Token& token) {
    auto node = std::make_unique<Node>();
    node->op = token.kind == Kind::kName ? Op::kName : Op::kField;
    node->name = token.text;
    // A method call's arguments are parsed and never used: it fails when evaluated.
    if (node->op == Op::kField && !done() && peek().kind == Kind::kOpen) {
      ++at_;
      M8_TRY(group());
    }
    return node;
  }

  Result<NodePtr> prefix(const Token& token) {
    if (++nesting_ > kMaxNesting) return syntax_error("expression is nested too deeply");
    auto node = std::make_unique<Node>();
    node->op = token.text == "-" ? Op::kNegate : token.text == "!" ? Op::kNot : Op::kComplement;
    NodePtr right = M8_TRY(operand());
    M8_TRY(adopt(*node, std::move(right)));
    --nesting_;
    return node;
  }

  /// The rest of `( ... )`.
  Result<NodePtr> group() {
    NodePtr node = M8_TRY(expression(1));
    if (!done() && peek().kind == Kind::kClose) ++at_;
    node->grouped = true;
    return node;
  }

  Result<NodePtr> call(const Token& token) {
    auto node = std::make_unique<Node>();
    node->op = Op::kCall;
    node->function = find_function(token.text);
    ++at_;  // the lexer saw that ( follows
    NodePtr arguments = M8_TRY(group());
    if (arguments->op == Op::kList) {
      node->depth = arguments->depth;
      node->children = std::move(arguments->children);
    } else if (arguments->op != Op::kLiteral || !arguments->value.is_nil()) {
      M8_TRY(adopt(*node, std::move(arguments)));
    }
    M8_TRY(check_supported(*node));
    compile_pattern(*node);
    return node;
  }

  static Status check_supported(const Node& call) {
    const auto unsupported = [&](std::string_view what) -> Status {
      return Error{ErrorCode::kUnsupported,
                   fmt::format("unsupported function {}{}", call.function->name, what)};
    };
    if (call.function->body == nullptr) return unsupported("");
    const bool is_gadget = call.function->name == "generate_java_gadget";
    if (!is_gadget || static_cast<int>(call.children.size()) != call.function->arity) return {};
    const Node& gadget = *call.children.front();
    const auto* name = gadget.op == Op::kLiteral ? gadget.value.as<std::string>() : nullptr;
    return name == nullptr || *name == "dns" ? Status() : unsupported(": only the gadget dns");
  }

  /// A bad pattern is an error of the evaluation, so it is left to the function.
  static void compile_pattern(Node& call) {
    const Function& function = *call.function;
    if (!function.pattern || call.children.size() <= function.pattern_at) return;
    const Node& argument = *call.children[function.pattern_at];
    if (argument.op != Op::kLiteral) return;
    auto compiled = Regex::compile(argument.value.text());
    if (compiled.ok()) call.pattern = std::move(*compiled);
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace

std::string_view symbol(Op op) {
  switch (op) {
    case Op::kNegate:
      return "-";
    case Op::kNot:
      return "!";
    case Op::kComplement:
      return "~";
    default:
      for (const Binary& known : kBinaries) {
        if (known.op == op) return known.symbol;
      }
      return "";
  }
}

Result<std::unique_ptr<Node>> parse(std::string_view text, bool functions) {
  if (text.size() > kMaxExpressionBytes) {
    return syntax_error(fmt::format("expression of {} bytes: at most {} are allowed", text.size(),
                                    kMaxExpressionBytes));
  }
  auto tokens = tokenize(text, functions);
  if (!tokens.ok()) return tokens.error();
  return Parser(std::move(*tokens)).run();
}

}  // namespace m8::dsl
