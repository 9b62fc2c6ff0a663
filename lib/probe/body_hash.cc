#include "probe/body_hash.h"

#include <cstdint>

#include "base/hash.h"
#include "probe/simhash.h"

namespace m8::probe {
namespace {

std::int32_t murmur3_of_lines(std::string_view bytes, bool end_full_line_twice) {
  constexpr std::size_t kLine = 76;
  const std::string plain = base64_encode(bytes);
  std::string lines;
  lines.reserve(plain.size() + plain.size() / kLine + 2);
  for (std::size_t at = 0; at < plain.size(); at += kLine) {
    lines.append(plain, at, kLine);
    lines += '\n';
  }
  if (plain.size() % kLine == 0 && (end_full_line_twice || plain.empty())) lines += '\n';
  return static_cast<std::int32_t>(murmur3(lines));
}

}  // namespace

const std::vector<std::string>& hash_names() {
  static const std::vector<std::string> names{"md5", "mmh3", "sha1", "sha256", "sha512", "simhash"};
  return names;
}

Result<std::string> hash_text(std::string_view name, std::string_view bytes) {
  if (name == "md5") return md5_hex(bytes);
  if (name == "mmh3") return std::to_string(murmur3_of_lines(bytes, true));
  if (name == "sha1") return sha1_hex(bytes);
  if (name == "sha256") return sha256_hex(bytes);
  if (name == "sha512") return sha512_hex(bytes);
  if (name == "simhash") return std::to_string(simhash(bytes));
  return Error{ErrorCode::kInvalidArgument, "no such hash: " + std::string(name)};
}

std::int32_t mime_murmur3(std::string_view bytes) { return murmur3_of_lines(bytes, false); }

}  // namespace m8::probe
