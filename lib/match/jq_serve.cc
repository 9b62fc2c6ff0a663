// The helper's end: libjq, and nothing else of this program.

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>

extern "C" {
#include <jq.h>
#include <jv.h>
}

#include "match/jq_process.h"

namespace m8::match {
namespace {

constexpr std::size_t kMaxPrograms = 256;
constexpr std::size_t kMaxValues = 10'000;
constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

struct CloseJq {
  void operator()(jq_state* jq) const { jq_teardown(&jq); }
};
using Program = std::unique_ptr<jq_state, CloseJq>;

/// Null if the text is no program.
Program compile(const std::string& text) {
  Program jq(jq_init());
  if (!jq) return nullptr;
  jq_set_error_cb(
      jq.get(), [](void*, jv message) { jv_free(message); }, nullptr);
  if (jq_compile(jq.get(), text.c_str()) == 0) return nullptr;
  return jq;
}

/// Frees \p value.
void append(std::string& answer, jv value) {
  const bool is_string = jv_get_kind(value) == JV_KIND_STRING;
  jv text = is_string ? value : jv_dump_string(value, JV_PRINT_SORTED);
  const auto size = static_cast<std::uint32_t>(jv_string_length_bytes(jv_copy(text)));
  answer += is_string ? "vs" : "vj";
  answer.append(reinterpret_cast<const char*>(&size), sizeof size);
  answer.append(jv_string_value(text), size);
  jv_free(text);
}

/// \p value with the members of objects in the order of their names: so later dialects walk them.
jv sorted(jv value) {
  jv text = jv_dump_string(value, JV_PRINT_SORTED);
  jv out = jv_parse_sized(jv_string_value(text), jv_string_length_bytes(jv_copy(text)));
  jv_free(text);
  return out;
}

std::string run(jq_state* jq, const std::string& document) {
  std::string answer;
  jv input = jv_parse_sized(document.data(), static_cast<int>(document.size()));
  if (!jv_is_valid(input)) {
    jv_free(input);
    return "e";
  }
  jq_start(jq, sorted(input), 0);
  for (std::size_t count = 0; count < kMaxValues && answer.size() < kMaxBytes; ++count) {
    jv value = jq_next(jq);
    if (!jv_is_valid(value)) {
      jv_free(value);
      break;
    }
    append(answer, value);
  }
  return answer + "e";
}

}  // namespace

void serve_jq(int socket) {
  std::map<std::string, Program> programs;  // a compilation costs 30 ms: keep them
  std::uint32_t head[3];
  while (read_fully(socket, head, sizeof head)) {
    std::string text(head[1], '\0'), document(head[2], '\0');
    if (!read_fully(socket, text.data(), text.size())) break;
    if (!read_fully(socket, document.data(), document.size())) break;
    limit_cpu(std::chrono::milliseconds(head[0]));
    if (programs.size() >= kMaxPrograms) programs.clear();
    auto [entry, added] = programs.try_emplace(text);
    if (added) entry->second = compile(text);
    const std::string answer = entry->second ? run(entry->second.get(), document) : "b";
    limit_cpu(std::chrono::milliseconds(0));
    if (!write_fully(socket, answer)) break;
  }
}

}  // namespace m8::match
