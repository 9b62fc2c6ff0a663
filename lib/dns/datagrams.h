/// Many datagrams in one system call: recvmmsg(2) and sendmmsg(2) with their arrays made once.
///
/// One thread. The sockets are non-blocking and connected.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include <sys/socket.h>

#include "dns/wire.h"

namespace m8::dns {

class ReceiveBatch {
 public:
  static constexpr std::size_t kMost = 64;

  /// \p datagram_bytes: longer ones are cut off and say so.
  explicit ReceiveBatch(std::size_t datagram_bytes);
  ReceiveBatch(const ReceiveBatch&) = delete;

  /// Takes what waits in \p fd, up to kMost; the number, or -1 with errno.
  int receive(int fd);
  /// The i-th datagram of the last receive(); borrowed until the next.
  Bytes datagram(std::size_t i) const;
  bool cut_off(std::size_t i) const { return (headers_[i].msg_hdr.msg_flags & MSG_TRUNC) != 0; }

 private:
  std::size_t datagram_bytes_;
  std::vector<std::byte> memory_;
  std::array<iovec, kMost> parts_;
  std::array<mmsghdr, kMost> headers_;
};

class SendBatch {
 public:
  static constexpr std::size_t kMost = 64;

  SendBatch();
  SendBatch(const SendBatch&) = delete;

  bool full() const { return count_ == kMost; }
  std::size_t size() const { return count_; }
  /// Borrowed until send(). REQUIRES: !full().
  void add(Bytes datagram);
  /// Sends in order and empties the batch; how many went, or -1 with errno if the first did not.
  int send(int fd);

 private:
  std::size_t count_ = 0;
  std::array<iovec, kMost> parts_;
  std::array<mmsghdr, kMost> headers_;
};

}  // namespace m8::dns
