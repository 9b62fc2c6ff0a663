#include "store/run_key.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hash.h"

namespace m8::store {
namespace {

/// Enough to tell one list from another.
constexpr std::size_t kHashDigits = 16;
constexpr std::size_t kBlock = 1u << 20;

/// SHA-256 over texts, one after the other.
std::string chained(const std::string& hash, std::string_view text) {
  return sha256_hex(fmt::format("{} {} {}", hash, text.size(), text));
}

}  // namespace

void RunKey::add_hash(std::string_view name, std::string_view hash) {
  text_ += fmt::format("{}{}:{}", text_.empty() ? "" : " ", name, hash.substr(0, kHashDigits));
}

void RunKey::add(std::string_view name, const std::vector<std::string>& texts) {
  std::string hash;
  for (const std::string& text : texts) hash = chained(hash, text);
  add_hash(name, hash);
}

Status RunKey::add_file(std::string_view name, const std::string& path) {
  if (path.empty()) {
    add_hash(name, "");
    return {};
  }
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0) return errno_error(path, errno);
  if (!S_ISREG(status.st_mode)) again_ = false;
  std::string hash, block(kBlock, '\0');
  while (S_ISREG(status.st_mode)) {
    const ssize_t count = ::read(fd.get(), block.data(), block.size());
    if (count < 0) return errno_error(path, errno);
    if (count == 0) break;
    hash = chained(hash, std::string_view(block).substr(0, static_cast<std::size_t>(count)));
  }
  add_hash(name, hash);
  return {};
}

}  // namespace m8::store
