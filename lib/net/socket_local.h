/// Sockets that are files: for programs of one user on one machine.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace m8::net {

/// Listens on the file \p path, which is replaced if it is there; mode 0600, non-blocking. The file
/// is the caller's to remove. kInvalidArgument for a path over 107 bytes, kIo, kDenied.
Result<Fd> local_listen(const std::string& path);
/// A blocking connection whose reads and writes end after \p seconds. kNotFound, kRefused (nobody
/// listens any more), kDenied.
Result<Fd> local_connect(const std::string& path, int seconds);

}  // namespace m8::net
