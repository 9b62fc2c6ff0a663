#include "templates/flow.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace m8::templates {
namespace {

constexpr std::size_t kMaxScript = 64u << 10;
constexpr std::size_t kMaxCalls = 1000;
constexpr int kMaxNesting = 100;

constexpr std::array<std::string_view, 11> kProtocols{"http", "dns",        "network", "tcp",
                                                      "ssl",  "websocket",  "file",    "headless",
                                                      "code", "javascript", "whois"};

Error needs_javascript() { return {ErrorCode::kUnsupported, "flow script needs JavaScript"}; }

bool is_word(char c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '$';
}

}  // namespace

class FlowParser {
 public:
  explicit FlowParser(std::string_view text) : text_(text) {}

  Result<Flow> run() {
    if (text_.size() > kMaxScript) return needs_javascript();
    while (true) {
      while (take(";")) {
      }
      skip_blank();
      if (at_ == text_.size()) break;
      M8_TRY(disjunction());
      // A statement ends at ; or at the end of a line, unless the next line goes on with it.
      skip_blank();
      const bool ended = at_ == text_.size() || text_[at_] == ';' || new_line_;
      if (!ended || (at_ < text_.size() && text_[at_] == '(')) return needs_javascript();
    }
    if (flow_.calls_.empty()) return needs_javascript();
    return std::move(flow_);
  }

 private:
  /// Skips white space and comments; notes whether a line ended since the last symbol.
  void skip_blank() {
    while (at_ < text_.size()) {
      const std::string_view rest = text_.substr(at_);
      if (rest.starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (rest.starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        const std::size_t stop = end == std::string_view::npos ? text_.size() : end + 2;
        new_line_ = new_line_ || text_.substr(at_, stop - at_).find('\n') != std::string_view::npos;
        at_ = stop;
      } else if (rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r' || rest[0] == '\n') {
        new_line_ = new_line_ || rest[0] == '\n';
        ++at_;
      } else {
        return;
      }
    }
  }

  bool take(std::string_view symbol) {
    skip_blank();
    if (!text_.substr(at_).starts_with(symbol)) return false;
    at_ += symbol.size();
    new_line_ = false;
    return true;
  }

  std::size_t emit(Flow::Op op, std::size_t target = 0) {
    flow_.steps_.push_back({op, target});
    return flow_.steps_.size() - 1;
  }

  void land_here(std::size_t jump) { flow_.steps_[jump].target = flow_.steps_.size(); }

  Status disjunction() {
    M8_TRY(conjunction());
    while (take("||")) {
      const std::size_t jump = emit(Flow::Op::kJumpIfTrue);
      M8_TRY(conjunction());
      land_here(jump);
    }
    return {};
  }

  Status conjunction() {
    M8_TRY(unary());
    while (take("&&")) {
      const std::size_t jump = emit(Flow::Op::kJumpIfFalse);
      M8_TRY(unary());
      land_here(jump);
    }
    return {};
  }

  Status unary() {
    bool negated = false;
    while (take("!")) negated = !negated;
    if (take("(")) {
      if (++nesting_ > kMaxNesting) return needs_javascript();
      M8_TRY(disjunction());
      if (!take(")")) return needs_javascript();
      --nesting_;
    } else {
      M8_TRY(call());
    }
    if (negated) emit(Flow::Op::kNot);
    return {};
  }

  Status call() {
    skip_blank();
    const std::string_view name = word();
    const bool known = std::find(kProtocols.begin(), kProtocols.end(), name) != kProtocols.end();
    if (!known || !take("(") || flow_.calls_.size() == kMaxCalls) return needs_javascript();
    FlowCall call{std::string(name), {}};
    if (!take(")")) {
      do {
        call.blocks.push_back(M8_TRY(block()));
      } while (take(","));
      if (!take(")")) return needs_javascript();
    }
    emit(Flow::Op::kCall, flow_.calls_.size());
    flow_.calls_.push_back(std::move(call));
    return {};
  }

  std::string_view word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  Result<FlowCall::Block> block() {
    skip_blank();
    const char first = at_ < text_.size() ? text_[at_] : '\0';
    if (first == '"' || first == '\'') return quoted(first);
    const std::string_view digits = word();
    int number = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
      return needs_javascript();
    }
    return FlowCall::Block(number);
  }

  Result<FlowCall::Block> quoted(char quote) {
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return needs_javascript();
    const std::string_view id = text_.substr(at_ + 1, end - at_ - 1);
    if (id.find_first_of("\\\n") != std::string_view::npos) return needs_javascript();
    at_ = end + 1;
    return FlowCall::Block(std::string(id));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  bool new_line_ = false;
  Flow flow_;
};

Result<Flow> Flow::parse(std::string_view script) { return FlowParser(script).run(); }

const FlowCall* FlowRun::next(std::optional<bool> previous) {
  if (previous) value_ = *previous;
  while (step_ < flow_.steps_.size()) {
    const Flow::Step& step = flow_.steps_[step_++];
    switch (step.op) {
      case Flow::Op::kCall:
        return &flow_.calls_[step.target];
      case Flow::Op::kNot:
        value_ = !value_;
        break;
      case Flow::Op::kJumpIfTrue:
        if (value_) step_ = step.target;
        break;
      case Flow::Op::kJumpIfFalse:
        if (!value_) step_ = step.target;
        break;
    }
  }
  return nullptr;
}

}  // namespace m8::templates
