#include "match/jq.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include <fmt/format.h>

#include "base/guarded.h"
#include "match/jq_process.h"

namespace m8::match {
namespace {

constexpr std::size_t kMaxDocument = std::size_t{16} << 20;

/// Position after the string that opens at \p quote.
std::size_t end_of_string(std::string_view text, std::size_t quote) {
  std::size_t i = quote + 1;
  while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

bool ends_a_path(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ']' || c == '"' ||
         c == '?';
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

struct Definition {
  std::string_view name, text;
};

/// What later dialects know, in the words of 1.6.
constexpr Definition kDefinitions[] = {
    {"ltrim", R"(def ltrim: sub("^\\s+"; "");)"},
    {"rtrim", R"(def rtrim: sub("\\s+$"; "");)"},
    {"trim", R"(def trim: sub("^\\s+"; "") | sub("\\s+$"; "");)"},
    {"abs", "def abs: if . < 0 then -. else . end;"},
    {"toarray", R"(def toarray: if type == "array" then . else [.] end;)"},
    {"pick",
     "def pick(f): . as $all | reduce path(f) as $at (null; setpath($at; $all | "
     "getpath($at)));"},
};

/// Writes a program again, token by token.
class Translation {
 public:
  explicit Translation(std::string_view program) : rest_(program) {}

  std::string run() {
    while (!rest_.empty()) {
      if (rest_[0] == '"') {
        take(end_of_string(rest_, 0));
      } else if (rest_[0] == '#') {
        take(std::min(rest_.find('\n'), rest_.size()));
      } else if (rest_.starts_with(".[") && !out_.empty() && ends_a_path(out_.back())) {
        rest_.remove_prefix(1);  // the dot goes
      } else if (is_word(rest_[0])) {
        take_word();
      } else {
        take(1);
      }
    }
    return definitions_ + out_;
  }

 private:
  void take(std::size_t bytes) {
    out_ += rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
  }

  void take_word() {
    std::size_t end = 1;
    while (end < rest_.size() && is_word(rest_[end])) ++end;
    const std::string_view word = rest_.substr(0, end);
    const bool is_name = !out_.empty() && std::string_view(".$@").find(out_.back()) < 3;
    const std::size_t after = rest_.find_first_not_of(" \t\r\n", end);
    const bool is_key = after != std::string_view::npos && rest_[after] == ':';
    if (!is_name && !is_key) translate(word);
    take(end);
  }

  /// Before \p word is written.
  void translate(std::string_view word) {
    if (word == "if") has_else_.push_back(false);
    if (word == "else" && !has_else_.empty()) has_else_.back() = true;
    if (word == "end" && !has_else_.empty()) {
      if (!has_else_.back()) out_ += "else . ";
      has_else_.pop_back();
    }
    for (const Definition& one : kDefinitions) {
      if (one.name == word && definitions_.find(one.text) == std::string::npos)
        definitions_.append(one.text).append(" ");
    }
  }

  std::string_view rest_;
  std::string out_, definitions_;
  std::vector<bool> has_else_;  ///< of each `if` that is open
};

}  // namespace

std::string portable_jq(std::string_view program) { return Translation(program).run(); }

Result<std::vector<JqValue>> run_jq(const std::string& program, std::string_view document,
                                    std::chrono::milliseconds limit) {
  if (document.size() > kMaxDocument) {
    return Error{ErrorCode::kInvalidArgument, "jq: the document is larger than 16 MiB"};
  }
  static Guarded<JqProcess> helper;
  return helper.lock()->run(portable_jq(program), document, limit);
}

namespace {

thread_local JqPrograms* t_programs = nullptr;

/// Many are compiled in the time of one.
constexpr std::size_t kTogether = 50;

/// Whether one of \p programs at least is no program. They are compiled as functions, and nobody
/// gets as far as calling one; the line break ends a comment.
bool any_refused(std::span<const std::string> programs) {
  constexpr std::chrono::milliseconds kLimit{5000};
  std::string definitions, names;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    definitions += fmt::format("def p{}: ({}\n);\n", i, programs[i]);
    names += fmt::format("{}p{}", i == 0 ? "" : ",", i);
  }
  const auto result = run_jq(fmt::format("{}empty | ({})", definitions, names), "null", kLimit);
  return !result.ok() && result.error().code == ErrorCode::kInvalidArgument;
}

}  // namespace

JqPrograms::JqPrograms() : outer_(t_programs) { t_programs = this; }

JqPrograms::~JqPrograms() { t_programs = outer_; }

void JqPrograms::note(const std::string& program) {
  if (t_programs != nullptr) t_programs->all_.push_back(program);
}

std::vector<std::string> refused_jq(std::span<const std::string> programs) {
  std::vector<std::string> refused;
  for (std::size_t begin = 0; begin < programs.size(); begin += kTogether) {
    const auto some = programs.subspan(begin, std::min(kTogether, programs.size() - begin));
    if (!any_refused(some)) continue;
    std::copy_if(some.begin(), some.end(), std::back_inserter(refused), [](const std::string& one) {
      return any_refused({&one, 1});
    });
  }
  return refused;
}

}  // namespace m8::match
