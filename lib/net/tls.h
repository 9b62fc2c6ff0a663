/// TLS over non-blocking sockets, on OpenSSL 3: clients that talk to anything, servers for the lab.
///
/// Targets are not verified (a scanner must talk to broken servers): TLS 1.0 upwards, every cipher
/// that the library still has. Services are. One stream belongs to one thread; a context may be
/// shared.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls_peer.h"

namespace m8::net {

/// Shared settings.
class TlsContext {
 public:
  /// Client for targets: no verification, TLS >= 1.0, security level 0. With \p offer_http2 ALPN
  /// names h2 before http/1.1: to see what is chosen, not to speak it.
  static Result<std::shared_ptr<TlsContext>> target_client(bool offer_http2 = false);
  /// Client for services: TLS >= 1.2, certificates verified against the system's and those in the
  /// file \p more_ca (PEM; empty = none), and against the name or address that the stream is opened
  /// for. kInvalidArgument if \p more_ca can't be used.
  static Result<std::shared_ptr<TlsContext>> service_client(const std::string& more_ca);
  /// Server with a certificate and key made on the spot for \p common_name (self-signed, EC P-256).
  static Result<std::shared_ptr<TlsContext>> self_signed_server(const std::string& common_name);
  ~TlsContext();
  void* native() const { return native_; }  ///< SSL_CTX*, borrowed

 private:
  explicit TlsContext(void* native) : native_(native) {}
  void* native_;
};

/// What a non-blocking call came to.
enum class IoState { kDone, kWantRead, kWantWrite, kClosed };

class TlsStream {
 public:
  /// \p fd is borrowed. The context is shared by its streams and whoever made it.
  /// \p server_name is sent as SNI unless it is empty or an address. ALPN offers http/1.1 (targets
  /// only). With a context for services the peer's certificate must bear \p server_name.
  static Result<std::unique_ptr<TlsStream>> client(std::shared_ptr<TlsContext> context, int fd,
                                                   const std::string& server_name);
  /// The same within \p outer, whose handshake is done: TLS through a TLS proxy.
  static Result<std::unique_ptr<TlsStream>> client(std::shared_ptr<TlsContext> context,
                                                   std::unique_ptr<TlsStream> outer,
                                                   const std::string& server_name);
  static Result<std::unique_ptr<TlsStream>> server(std::shared_ptr<TlsContext> context, int fd);
  ~TlsStream();

  /// kProtocol with the library's reason if the handshake fails, kNetwork if the connection does.
  Result<IoState> handshake();
  /// What the server showed; \p host is who was asked. REQUIRES: a client whose handshake is done.
  std::shared_ptr<const TlsPeer> peer(const std::string& host) const {
    return describe_tls_peer(native_, host);
  }
  /// On kDone \p done bytes were moved (more than 0). kClosed: end of stream, also without a
  /// close_notify. kNetwork, kProtocol.
  Result<IoState> read(std::span<char> buffer, std::size_t& done);
  Result<IoState> write(std::span<const char> bytes, std::size_t& done);

 private:
  static Result<std::unique_ptr<TlsStream>> open(std::shared_ptr<TlsContext> context, int fd);
  Status begin_client(const std::string& server_name);
  TlsStream(std::shared_ptr<TlsContext> context, void* native);
  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<TlsStream> outer_;  ///< carries this one's bytes, if it isn't a socket
  void* native_;
};

}  // namespace m8::net
