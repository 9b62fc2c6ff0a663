// Whatever a proxy answers: it is through, waits for more, or is refused with its name; and the
// pieces in which the bytes come make no difference.
#include <cstdint>
#include <cstdlib>

#include "http/proxy_handshake.h"

namespace {

using m8::http::ProxyHandshake;

/// 1: through, 0: waits, -1: refused.
int outcome(const m8::http::Proxy& proxy, std::string_view bytes, std::size_t piece) {
  ProxyHandshake handshake(proxy, {"a.test", std::nullopt, 443});
  while (!bytes.empty() && !handshake.through()) {
    const auto part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    const auto status = handshake.feed(part);
    if (!status.ok() && !status.error().message.starts_with("proxy ")) std::abort();
    if (!status.ok()) return -1;
    if (handshake.take_output().size() > 1024) std::abort();
  }
  return handshake.through() && bytes.empty() ? 1 : handshake.through() ? -1 : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const char* urls[] = {"socks5://p:1", "socks5h://u:pw@p:1", "http://p:1"};
  const auto proxy = m8::http::Proxy::parse(urls[data[0] % 3]);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (outcome(*proxy, bytes, size) != outcome(*proxy, bytes, 1)) std::abort();
  return 0;
}
