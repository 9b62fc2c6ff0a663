/// Sockets: thin, non-blocking, close-on-exec.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "net/address.h"

namespace m8::net {

/// A non-blocking TCP socket, connecting to \p to. The connection is there (or failed) when it is
/// writable: ask connect_result(). kExhausted without descriptors, kRefused at once.
Result<Fd> tcp_connect(const SocketAddress& to);
/// Good if the pending connect succeeded, else kRefused (nobody listens, no route), kNetwork or
/// kTimeout with "connect to ...: reason".
Status connect_result(int fd, const SocketAddress& to);
/// Listens on \p at (port 0 picks one). kExists "listen on ...: address already in use", kDenied.
Result<Fd> tcp_listen(const SocketAddress& at, int backlog = 1024);
/// A bound UDP socket with receive and send buffers of \p buffer_bytes (the kernel may give less).
Result<Fd> udp_bind(const SocketAddress& at, int buffer_bytes);
/// The address a socket is bound to.
Result<SocketAddress> local_address(int fd);
/// Raises the soft limit of open files to the hard one; returns the limit in force.
std::uint64_t raise_open_file_limit();

}  // namespace m8::net
