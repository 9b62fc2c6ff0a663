#include "net/socket_local.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/file.h"

namespace m8::net {
namespace {

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return Error{ErrorCode::kInvalidArgument, path + ": too long for a socket"};
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Result<Fd> local_listen(const std::string& path) {
  const sockaddr_un address = M8_TRY(address_of(path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error(path, errno);
  ::unlink(path.c_str());
  if (::bind(fd.get(), generic(address), sizeof address) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::listen(fd.get(), 16) != 0)
    return errno_error(path, errno);
  return fd;
}

Result<Fd> local_connect(const std::string& path, int seconds) {
  const sockaddr_un address = M8_TRY(address_of(path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error(path, errno);
  const timeval limit{seconds, 0};
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd.get(), generic(address), sizeof address) == 0) return fd;
  if (errno == ECONNREFUSED) return Error{ErrorCode::kRefused, path + ": nobody listens"};
  return errno_error(path, errno);
}

}  // namespace m8::net
