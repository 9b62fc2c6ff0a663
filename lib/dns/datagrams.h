/// Many datagrams in one system call: recvmmsg(2) and sendmmsg(2) with their arrays made once.
///
/// Neighbours of one size go down the stack as one (UDP_SEGMENT, udp(7)): on loopback that is half
/// the cost of a query. One thread. The sockets are non-blocking and connected.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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
  static constexpr std::size_t kMost = 64;  ///< also what the kernel cuts one message into at most

  bool full() const { return count_ == kMost; }
  std::size_t size() const { return count_; }
  /// Borrowed until send(). REQUIRES: !full().
  void add(Bytes datagram);
  /// Sends in order and empties the batch; how many went, or -1 with errno if the first did not.
  /// \p segment: neighbours of one size may go as one; false is for sockets that refused it with
  /// one of the errors of refuses_segments().
  int send(int fd, bool segment);

 private:
  /// Room for the control message that carries a segment's size.
  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
  };
  /// One message of \p count datagrams from \p first on.
  void fill(mmsghdr& message, std::size_t first, std::size_t count);

  std::size_t count_ = 0;
  std::array<iovec, kMost> parts_;
  std::array<mmsghdr, kMost> headers_;
  std::array<Control, kMost> controls_;
};

/// Whether \p error (an errno) is how kernels and devices without UDP_SEGMENT refuse it.
bool refuses_segments(int error);

}  // namespace m8::dns
