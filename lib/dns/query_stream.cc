#include "dns/query_stream.h"

#include <netdb.h>

#include "dns/https_queries.h"
#include "dns/tls_queries.h"

namespace m8::dns {
namespace {

/// The address of a resolver that is given by name: only the system can look it up.
Result<net::SocketAddress> address_of(const Server& server) {
  if (server.address.port != 0) return server.address;
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  const std::string port = std::to_string(server.port);
  const int code = ::getaddrinfo(server.host.c_str(), port.c_str(), &hints, &found);
  if (code != 0) {
    return Error{ErrorCode::kNotFound,
                 "resolver " + server.to_string() + ": " + ::gai_strerror(code)};
  }
  sockaddr_storage storage{};
  std::copy_n(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen,
              reinterpret_cast<char*>(&storage));
  ::freeaddrinfo(found);
  return net::SocketAddress::from(storage);
}

}  // namespace

Result<std::unique_ptr<QueryStream>> QueryStream::open(const Server& server,
                                                       const std::string& more_ca, Events events,
                                                       net::Poller& poller, Clock& clock) {
  if (server.transport == Transport::kHttps) {
    return std::unique_ptr<QueryStream>(
        M8_TRY(HttpsQueries::create(server.url, more_ca, std::move(events), poller, clock)));
  }
  auto context = M8_TRY(net::TlsContext::service_client(more_ca));
  const auto at = M8_TRY(address_of(server));
  return std::unique_ptr<QueryStream>(
      std::make_unique<TlsQueries>(at, server.host, std::move(context), std::move(events), poller));
}

}  // namespace m8::dns
