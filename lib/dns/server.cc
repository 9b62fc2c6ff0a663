#include "dns/server.h"

#include <charconv>

#include <fmt/format.h>

#include "net/name.h"
#include "net/url.h"

namespace m8::dns {
namespace {

constexpr std::string_view kTls = "tls://", kHttps = "https://", kUdp = "udp://";

Error no_resolver(std::string_view text) {
  return {ErrorCode::kInvalidArgument,
          fmt::format("not a resolver: {} (ip[:port], tls://host[:port] or https://host/path)",
                      text.substr(0, 80))};
}

Result<Server> parse_tls(std::string_view text) {
  const std::string_view rest = text.substr(kTls.size());
  Server server;
  server.transport = Transport::kTls;
  if (const auto address = net::SocketAddress::parse(rest, kDnsTlsPort); address.ok()) {
    server.address = *address;
    server.host = address->ip.to_string();
    server.port = address->port;
    return server;
  }
  const std::size_t colon = rest.rfind(':');
  const auto name = net::Name::parse(rest.substr(0, colon));
  if (!name.ok()) return no_resolver(text);
  server.host = name->text();
  server.port = kDnsTlsPort;
  if (colon != rest.npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), server.port);
    if (error != std::errc() || end != port.data() + port.size() || server.port == 0)
      return no_resolver(text);
  }
  return server;
}

}  // namespace

Result<Server> Server::parse(std::string_view text) {
  if (text.starts_with(kTls)) return parse_tls(text);
  Server server;
  if (text.starts_with(kHttps)) {
    const auto url = net::Url::parse(std::string(text));
    if (!url.ok() || text.find_first_of(" \t") != text.npos) return no_resolver(text);
    server.transport = Transport::kHttps;
    server.url = text;
    return server;
  }
  if (text.starts_with(kUdp)) text.remove_prefix(kUdp.size());
  const auto address = net::SocketAddress::parse(text, kDnsPort);
  if (!address.ok()) return no_resolver(text);
  server.address = *address;
  return server;
}

std::string Server::to_string() const {
  switch (transport) {
    case Transport::kTls:
      return fmt::format("tls://{}:{}", host.find(':') == host.npos ? host : "[" + host + "]",
                         port);
    case Transport::kHttps:
      return url;
    case Transport::kUdp:
      break;
  }
  return address.to_string();
}

}  // namespace m8::dns
