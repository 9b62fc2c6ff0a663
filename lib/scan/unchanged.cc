#include "scan/unchanged.h"

#include "base/hash.h"

namespace m8::scan {
namespace {

constexpr auto kKept = std::chrono::hours(24 * 30);

}  // namespace

Unchanged::Unchanged(cache::Backend& backend, const std::string& scanned_with)
    : cache_({"targets", "1-" + sha256_hex(scanned_with).substr(0, 16), kKept}, backend) {}

std::string Unchanged::digest(const http::Response& answer) {
  std::string text = std::to_string(answer.status);
  for (const char* name : {"Content-Type", "Location", "Server", "WWW-Authenticate"}) {
    const auto* header = http::find_header(answer.headers, name);
    (text += '\n') += header ? header->value : "";
  }
  return sha256_hex(text + '\n' + answer.body);
}

bool Unchanged::same(const std::string& target, const std::string& digest) {
  const auto kept = cache_.get(target);
  return kept && *kept == digest;
}

void Unchanged::keep(const std::string& target, const std::string& digest) {
  cache_.put(target, digest);
}

}  // namespace m8::scan
