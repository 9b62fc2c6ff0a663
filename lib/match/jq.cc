#include "match/jq.h"

#include <cctype>

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

}  // namespace

std::string portable_jq(std::string_view program) {
  std::string out;
  for (std::size_t i = 0; i < program.size();) {
    if (program[i] == '"') {
      const std::size_t end = end_of_string(program, i);
      out += program.substr(i, end - i);
      i = end;
    } else if (program.substr(i, 2) == ".[" && !out.empty() && ends_a_path(out.back())) {
      ++i;  // the dot goes
    } else {
      out += program[i++];
    }
  }
  return out;
}

Result<std::vector<JqValue>> run_jq(const std::string& program, std::string_view document,
                                    std::chrono::milliseconds limit) {
  if (document.size() > kMaxDocument) {
    return Error{ErrorCode::kInvalidArgument, "jq: the document is larger than 16 MiB"};
  }
  static Guarded<JqProcess> helper;
  return helper.lock()->run(portable_jq(program), document, limit);
}

}  // namespace m8::match
