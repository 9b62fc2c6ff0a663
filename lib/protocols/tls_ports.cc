#include "protocols/tls_ports.h"

#include <fmt/format.h>

namespace m8::protocols {
namespace {

std::string key_of(const net::Url& url) {
  return fmt::format("{}:{}", url.host, url.effective_port());
}

}  // namespace

bool TlsPorts::holds(const net::Url& url) const {
  if (!any_.load(std::memory_order_relaxed)) return false;
  return ports_.lock()->contains(key_of(url));
}

void TlsPorts::learn(const net::Url& url, const http::Response& answer) {
  constexpr std::string_view kSaid = "The plain HTTP request was sent to HTTPS port";
  if (answer.status != 400 || answer.body.find(kSaid) == std::string::npos) return;
  ports_.lock()->insert(key_of(url));
  any_.store(true, std::memory_order_relaxed);
}

void TlsPorts::forget(const net::Url& url) { ports_.lock()->erase(key_of(url)); }

}  // namespace m8::protocols
