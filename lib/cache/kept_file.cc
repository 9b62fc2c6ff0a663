#include "cache/kept_file.h"

#include <charconv>

#include <fmt/format.h>

#include "base/hash.h"

namespace m8::cache {
namespace {

constexpr std::string_view kMagic = "m8 kept 1 ";
constexpr std::size_t kLongestHead = 200;

Error corrupt() { return {ErrorCode::kCorrupt, "not a file of the cache"}; }

/// The next number of \p head and the blank after it.
template <typename Number>
bool take(std::string_view& head, Number& value) {
  const auto read = std::from_chars(head.data(), head.data() + head.size(), value);
  if (read.ec != std::errc() || value < Number(0)) return false;
  head.remove_prefix(static_cast<std::size_t>(read.ptr - head.data()));
  if (head.starts_with(' ')) head.remove_prefix(1);
  return true;
}

}  // namespace

std::string KeptFile::to_text() const {
  std::string body = key;
  for (const auto& tag : tags) (body += tag) += '\n';
  body += value;
  return fmt::format("{}{} {} {} {} {}\n", kMagic, expires_ms, key.size(), tags.size(),
                     value.size(), murmur3(body)) +
         body;
}

Result<KeptFile> KeptFile::parse(std::string_view text) {
  const std::size_t end = text.substr(0, kLongestHead).find('\n');
  if (end == text.npos || !text.starts_with(kMagic)) return corrupt();
  std::string_view head = text.substr(kMagic.size(), end - kMagic.size());
  std::string_view body = text.substr(end + 1);
  KeptFile file;
  std::size_t key_bytes = 0, tags = 0, value_bytes = 0;
  std::uint32_t hash = 0;
  if (!take(head, file.expires_ms) || !take(head, key_bytes) || !take(head, tags) ||
      !take(head, value_bytes) || !take(head, hash) || !head.empty())
    return corrupt();
  if (hash != murmur3(body) || key_bytes > body.size()) return corrupt();
  file.key = body.substr(0, key_bytes);
  body.remove_prefix(key_bytes);
  for (; tags > 0; --tags) {
    const std::size_t line = body.find('\n');
    if (line == body.npos) return corrupt();
    file.tags.emplace_back(body.substr(0, line));
    body.remove_prefix(line + 1);
  }
  if (body.size() != value_bytes) return corrupt();
  file.value = body;
  return file;
}

}  // namespace m8::cache
