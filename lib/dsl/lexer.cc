#include "dsl/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "dsl/expression.h"
#include "dsl/go_time.h"
#include "dsl/number.h"
#include "dsl/unicode.h"

namespace m8::dsl {
namespace {

using Kind = Token::Kind;

constexpr std::uint32_t bit(Kind kind) { return 1u << static_cast<unsigned>(kind); }

template <typename... Kinds>
constexpr std::uint32_t bits(Kinds... kinds) {
  return (bit(kinds) | ...);
}

// What may begin an operand, and what may follow a complete one.
constexpr std::uint32_t kOperand = bits(Kind::kNumber, Kind::kBool, Kind::kName, Kind::kFunction,
                                        Kind::kAccessor, Kind::kString, Kind::kTime, Kind::kOpen);
constexpr std::uint32_t kAfterOperand = bits(Kind::kModifier, Kind::kComparator, Kind::kLogical,
                                             Kind::kClose, Kind::kTernary, Kind::kSeparator);

/// Kinds that may follow \p kind (the reference engine's table of states).
std::uint32_t followers(Kind kind) {
  switch (kind) {
    case Kind::kStart:
      return kOperand | bit(Kind::kPrefix);
    case Kind::kOpen:
    case Kind::kComparator:
    case Kind::kLogical:
      return kOperand | bits(Kind::kPrefix, Kind::kClose);
    case Kind::kModifier:
      return (kOperand | bits(Kind::kPrefix, Kind::kClose)) & ~bit(Kind::kTime);
    case Kind::kTernary:
      return kOperand | bits(Kind::kPrefix, Kind::kSeparator);
    case Kind::kSeparator:
      return kOperand | bit(Kind::kPrefix);
    case Kind::kPrefix:
      return (kOperand | bit(Kind::kClose)) & ~bits(Kind::kString, Kind::kTime);
    case Kind::kFunction:
      return bit(Kind::kOpen);
    case Kind::kAccessor:
      return kAfterOperand | bit(Kind::kOpen);
    case Kind::kClose:
      return kAfterOperand |
             bits(Kind::kNumber, Kind::kBool, Kind::kName, Kind::kString, Kind::kTime, Kind::kOpen);
    case Kind::kNumber:
    case Kind::kBool:
    case Kind::kString:
    case Kind::kTime:
    case Kind::kName:
      return kAfterOperand;
  }
  return 0;
}

bool may_end(Kind kind) {
  return (bits(Kind::kNumber, Kind::kBool, Kind::kString, Kind::kTime, Kind::kName, Kind::kAccessor,
               Kind::kClose) &
          bit(kind)) != 0;
}

struct Operator {
  std::string_view text;
  Kind kind;
};

constexpr std::array<Operator, 22> kOperators{{
    {"+", Kind::kModifier},    {"-", Kind::kModifier},    {"*", Kind::kModifier},
    {"/", Kind::kModifier},    {"%", Kind::kModifier},    {"**", Kind::kModifier},
    {"&", Kind::kModifier},    {"|", Kind::kModifier},    {"^", Kind::kModifier},
    {">>", Kind::kModifier},   {"<<", Kind::kModifier},   {"&&", Kind::kLogical},
    {"||", Kind::kLogical},    {"==", Kind::kComparator}, {"!=", Kind::kComparator},
    {">", Kind::kComparator},  {">=", Kind::kComparator}, {"<", Kind::kComparator},
    {"<=", Kind::kComparator}, {"=~", Kind::kComparator}, {"!~", Kind::kComparator},
    {"?", Kind::kTernary},
}};
constexpr std::array<std::string_view, 2> kMoreTernary{":", "??"};
constexpr std::array<std::string_view, 3> kPrefixes{"-", "!", "~"};

const char* kind_name(Kind kind) {
  constexpr std::array<const char*, 16> kNames{"UNKNOWN",  "PREFIX",    "NUMERIC",      "BOOLEAN",
                                               "STRING",   "TIME",      "VARIABLE",     "FUNCTION",
                                               "ACCESSOR", "SEPARATOR", "COMPARATOR",   "LOGICALOP",
                                               "MODIFIER", "CLAUSE",    "CLAUSE_CLOSE", "TERNARY"};
  return kNames[static_cast<std::size_t>(kind)];
}

/// The token as the reference's messages show it.
std::string shown(const Token& token) {
  switch (token.kind) {
    case Kind::kStart:
      return "<nil>";
    case Kind::kNumber:
      return shortest_text(token.number);
    case Kind::kOpen:
      return "40";
    case Kind::kClose:
      return "41";
    case Kind::kAccessor: {
      std::string parts = token.text;
      std::replace(parts.begin(), parts.end(), '.', ' ');
      return "[" + parts + "]";
    }
    default:
      return token.text;
  }
}

Error syntax_error(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

bool is_quote(char32_t c) { return c == '\'' || c == '"'; }

bool is_number_part(char32_t c) { return is_digit(c) || c == '.'; }

bool is_name_part(char32_t c) { return is_letter(c) || is_digit(c) || c == '_' || c == '.'; }

bool is_hex_digit(char32_t c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_operator_part(char32_t c) {
  return !(is_letter(c) || is_digit(c) || is_quote(c) || c == '(' || c == ')' || c == '[' ||
           c == ']');
}

class Lexer {
 public:
  Lexer(std::string_view text, bool functions) : text_(text), functions_(functions) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    Kind before = Kind::kStart;
    while (skip_space()) {
      tokens.push_back(M8_TRY(read(before)));
      before = tokens.back().kind;
    }
    M8_TRY(check_balance(tokens));
    M8_TRY(check_order(tokens));
    return tokens;
  }

 private:
  /// False at the end of the text.
  bool skip_space() {
    while (at_ < text_.size() && is_space(peek().value)) at_ += peek().bytes;
    return at_ < text_.size();
  }

  CodePoint peek() const { return decode(text_, at_); }

  char32_t next() {
    const CodePoint c = peek();
    at_ += c.bytes;
    return c.value;
  }

  /// A run of characters for which \p part holds. A backslash takes the next character as it is;
  /// white space ends the run.
  template <typename Part>
  std::string run_of(Part part) {
    std::string out;
    while (at_ < text_.size()) {
      const CodePoint c = peek();
      if (c.value == '\\') {
        at_ += 1;
        if (at_ < text_.size()) append_utf8(out, next());
        continue;
      }
      if (is_space(c.value) || !part(c.value)) break;
      append_utf8(out, c.value);
      at_ += c.bytes;
    }
    return out;
  }

  /// The text up to \p end, which is consumed; a backslash takes the next character as it is.
  bool read_until(char32_t end, std::string& out) {
    while (at_ < text_.size()) {
      char32_t c = next();
      if (c == end) return true;
      if (c == '\\') {
        if (at_ == text_.size()) return false;
        c = next();
      }
      append_utf8(out, c);
    }
    return false;
  }

  Result<Token> read(Kind before) {
    const char32_t c = peek().value;
    if (is_number_part(c)) return number();
    if (is_letter(c)) return name();
    if (is_quote(c)) return quoted();
    if (is_operator_part(c) && c != ',') return operation(before);
    at_ += 1;
    if (c == '[') return bracketed();
    if (c == ',') return Token{Kind::kSeparator, ",", 0};
    if (c == '(') return Token{Kind::kOpen, "(", 0};
    if (c == ')') return Token{Kind::kClose, ")", 0};
    return syntax_error("Invalid token: ''");  // a lone ]
  }

  Result<Token> number() {
    if (text_.substr(at_).starts_with("0x")) return hex_number();
    const std::string digits = run_of(is_number_part);
    const auto value = parse_float(digits);
    if (!value) {
      return syntax_error(fmt::format("Unable to parse numeric value '{}' to float64\n", digits));
    }
    return Token{Kind::kNumber, digits, *value};
  }

  Result<Token> hex_number() {
    at_ += 2;
    const std::string digits = run_of(is_hex_digit);
    std::uint64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value, 16);
    if (read.ec != std::errc() || read.ptr != end) {
      return syntax_error(fmt::format("Unable to parse hex value '{}' to uint64\n", digits));
    }
    return Token{Kind::kNumber, digits, static_cast<double>(value)};
  }

  Result<Token> bracketed() {
    Token token{Kind::kName, "", 0};
    if (!read_until(']', token.text)) return syntax_error("Unclosed parameter bracket");
    return token;
  }

  Result<Token> quoted() {
    Token token{Kind::kString, "", 0};
    if (!read_until(next(), token.text)) return syntax_error("Unclosed string literal");
    if (const auto seconds = parse_time_literal(token.text)) {
      token.kind = Kind::kTime;
      token.number = static_cast<double>(*seconds);
    }
    return token;
  }

  Result<Token> name() {
    Token token{Kind::kName, run_of(is_name_part), 0};
    if (token.text == "true" || token.text == "false") {
      return Token{Kind::kBool, token.text, token.text == "true" ? 1.0 : 0.0};
    }
    if (token.text == "in" || token.text == "IN") return Token{Kind::kComparator, "in", 0};
    if (functions_ && is_function(token.text)) token.kind = Kind::kFunction;
    if (token.text.find('.') != std::string::npos) return accessor(std::move(token.text));
    return token;
  }

  Result<Token> accessor(std::string name) {
    if (name.back() == '.')
      return syntax_error(fmt::format("Hanging accessor on token '{}'", name));
    for (std::size_t dot = name.find('.'); dot != std::string::npos;
         dot = name.find('.', dot + 1)) {
      const std::string part = name.substr(dot + 1, name.find('.', dot + 1) - dot - 1);
      const char32_t first = part.empty() ? 0 : decode(part, 0).value;
      if (upper(first) != first) {
        return syntax_error(
            fmt::format("Unable to access unexported field '{}' in token '{}'", part, name));
      }
    }
    return Token{Kind::kAccessor, std::move(name), 0};
  }

  Result<Token> operation(Kind before) {
    std::string symbol = run_of(is_operator_part);
    const auto in = [&](const auto& list) {
      return std::find(list.begin(), list.end(), symbol) != list.end();
    };
    if ((followers(before) & bit(Kind::kPrefix)) != 0 && in(kPrefixes)) {
      return Token{Kind::kPrefix, std::move(symbol), 0};
    }
    if (in(kMoreTernary)) return Token{Kind::kTernary, std::move(symbol), 0};
    const auto found = std::find_if(kOperators.begin(), kOperators.end(),
                                    [&](const Operator& known) { return known.text == symbol; });
    if (found == kOperators.end()) {
      return syntax_error(fmt::format("Invalid token: '{}'", symbol));
    }
    return Token{found->kind, std::move(symbol), 0};
  }

  static Status check_balance(const std::vector<Token>& tokens) {
    int open = 0;
    for (const Token& token : tokens) {
      open += token.kind == Kind::kOpen ? 1 : token.kind == Kind::kClose ? -1 : 0;
    }
    if (open != 0) return syntax_error("Unbalanced parenthesis");
    return {};
  }

  static Status check_order(const std::vector<Token>& tokens) {
    const Token start;
    const Token* before = &start;
    for (const Token& token : tokens) {
      if ((followers(before->kind) & bit(token.kind)) == 0) {
        if (before->kind == Kind::kName && token.kind == Kind::kOpen) {
          return syntax_error("Undefined function " + before->text);
        }
        return syntax_error(fmt::format("Cannot transition token types from {} [{}] to {} [{}]",
                                        kind_name(before->kind), shown(*before),
                                        kind_name(token.kind), shown(token)));
      }
      before = &token;
    }
    if (!may_end(before->kind)) return syntax_error("Unexpected end of expression");
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool functions_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text, bool functions) {
  return Lexer(text, functions).run();
}

}  // namespace m8::dsl
