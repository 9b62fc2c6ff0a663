#include "net/socket.h"

#include <cerrno>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/file.h"

namespace m8::net {
namespace {

/// "action: reason" of a failed socket call.
Error socket_error(std::string_view action, int error_number) {
  Error error = errno_error(action, error_number);
  switch (error_number) {
    case ECONNREFUSED:
    case ENETUNREACH:
    case EHOSTUNREACH:
      error.code = ErrorCode::kRefused;
      break;
    case ECONNRESET:
    case ECONNABORTED:
    case ENETDOWN:
    case EADDRNOTAVAIL:
    case EPIPE:
      error.code = ErrorCode::kNetwork;
      break;
    case ETIMEDOUT:
      error.code = ErrorCode::kTimeout;
      break;
    case EADDRINUSE:
      error.code = ErrorCode::kExists;
      break;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      error.code = ErrorCode::kExhausted;
      break;
    default:
      break;
  }
  return error;
}

void set_option(int fd, int level, int name, int value) {
  // Only hints (buffers, Nagle, address reuse) are set this way: the socket works without them.
  (void)setsockopt(fd, level, name, &value, sizeof value);
}

Result<Fd> open_socket(const SocketAddress& at, int type, std::string_view action) {
  Fd fd(::socket(at.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return socket_error(action, errno);
  return fd;
}

Status bind_socket(const Fd& fd, const SocketAddress& at, std::string_view action) {
  sockaddr_storage storage;
  const socklen_t size = at.to(storage);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    return socket_error(action, errno);
  }
  return {};
}

}  // namespace

Result<Fd> tcp_connect(const SocketAddress& to) {
  const std::string action = fmt::format("connect to {}", to.to_string());
  Fd fd = M8_TRY(open_socket(to, SOCK_STREAM, action));
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  sockaddr_storage storage;
  const socklen_t size = to.to(storage);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 &&
      errno != EINPROGRESS) {
    return socket_error(action, errno);
  }
  return fd;
}

Status connect_result(int fd, const SocketAddress& to) {
  int error_number = 0;
  socklen_t size = sizeof error_number;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) error_number = errno;
  if (error_number == 0) return {};
  return socket_error(fmt::format("connect to {}", to.to_string()), error_number);
}

Result<Fd> tcp_listen(const SocketAddress& at, int backlog) {
  const std::string action = fmt::format("listen on {}", at.to_string());
  Fd fd = M8_TRY(open_socket(at, SOCK_STREAM, action));
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  M8_TRY(bind_socket(fd, at, action));
  if (::listen(fd.get(), backlog) != 0) return socket_error(action, errno);
  return fd;
}

Result<Fd> udp_bind(const SocketAddress& at, int buffer_bytes) {
  const std::string action = fmt::format("bind udp {}", at.to_string());
  Fd fd = M8_TRY(open_socket(at, SOCK_DGRAM, action));
  set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, buffer_bytes);
  set_option(fd.get(), SOL_SOCKET, SO_SNDBUF, buffer_bytes);
  M8_TRY(bind_socket(fd, at, action));
  return fd;
}

Result<SocketAddress> local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return socket_error("local address", errno);
  }
  return SocketAddress::from(storage);
}

std::uint64_t raise_open_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

}  // namespace m8::net
