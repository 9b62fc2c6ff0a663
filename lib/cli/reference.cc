#include "cli/reference.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/environment.h"

namespace m8::cli {
namespace {

constexpr std::size_t kMaxBytes = 64 << 10;
constexpr std::string_view kFile = "file:";

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

/// file:///x is a URL, not a reference.
bool names_file(std::string_view text) {
  return text.substr(0, kFile.size()) == kFile && text.substr(kFile.size(), 2) != "//";
}

Result<Resolved> read_reference(const std::string& text, const std::string& folder) {
  const std::string path =
      (std::filesystem::path(folder) / text.substr(kFile.size())).lexically_normal().string();
  auto content = read_file(path, kMaxBytes);
  if (!content.ok()) return invalid("file:" + content.error().message);
  while (!content->empty() && (content->back() == '\n' || content->back() == '\r'))
    content->pop_back();
  return Resolved{std::move(*content), path};
}

/// Appends the variable whose reference begins at \p at, and moves behind it.
Status append_variable(std::string_view text, std::size_t& at, std::string& out) {
  const std::size_t end = text.find('}', at);
  if (end == std::string_view::npos)
    return invalid(fmt::format("reference without end: {}", text.substr(at)));
  const std::string name(text.substr(at + 2, end - at - 2));
  const std::string value = environment(name.c_str());
  if (value.empty()) return invalid(fmt::format("variable {} is not set", name));
  out += value;
  at = end + 1;
  return {};
}

}  // namespace

bool has_reference(std::string_view text) {
  return names_file(text) || text.find("${") != std::string_view::npos;
}

Result<Resolved> resolve_references(const std::string& text, const std::string& folder) {
  if (names_file(text)) return read_reference(text, folder);
  Resolved out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$${") == 0) {
      out.text += "${";
      at += 3;
    } else if (text.compare(at, 2, "${") == 0) {
      M8_TRY(append_variable(text, at, out.text));
    } else {
      out.text += text[at++];
    }
  }
  return out;
}

}  // namespace m8::cli
