#include "dns/datagrams.h"

#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/udp.h>

namespace m8::dns {

ReceiveBatch::ReceiveBatch(std::size_t datagram_bytes)
    : datagram_bytes_(datagram_bytes), memory_(kMost * datagram_bytes), headers_{} {
  for (std::size_t i = 0; i < kMost; ++i) {
    parts_[i] = {&memory_[i * datagram_bytes], datagram_bytes};
    headers_[i].msg_hdr.msg_iov = &parts_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

int ReceiveBatch::receive(int fd) {
  for (;;) {
    const int count = ::recvmmsg(fd, headers_.data(), kMost, MSG_DONTWAIT, nullptr);
    if (count >= 0 || errno != EINTR) return count;
  }
}

Bytes ReceiveBatch::datagram(std::size_t i) const {
  return {memory_.data() + i * datagram_bytes_, headers_[i].msg_len};
}

void SendBatch::add(Bytes datagram) {
  // The kernel only reads what it is given to send.
  parts_[count_++] = {const_cast<std::byte*>(datagram.data()), datagram.size()};
}

void SendBatch::fill(mmsghdr& message, std::size_t first, std::size_t count) {
  msghdr& header = message.msg_hdr;
  header = {};
  header.msg_iov = &parts_[first];
  header.msg_iovlen = count;
  if (count == 1) return;
  Control& control = controls_[first];
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  cmsghdr* const about = CMSG_FIRSTHDR(&header);
  about->cmsg_level = SOL_UDP;
  about->cmsg_type = UDP_SEGMENT;
  about->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const auto size = static_cast<std::uint16_t>(parts_[first].iov_len);
  std::memcpy(CMSG_DATA(about), &size, sizeof size);
}

int SendBatch::send(int fd, bool segment) {
  unsigned messages = 0;
  for (std::size_t first = 0, count = 0; first < count_; first += count) {
    count = 1;
    while (segment && first + count < count_ &&
           parts_[first + count].iov_len == parts_[first].iov_len)
      ++count;
    fill(headers_[messages++], first, count);
  }
  count_ = 0;
  for (;;) {
    const int sent = ::sendmmsg(fd, headers_.data(), messages, MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    std::size_t datagrams = 0;
    for (int i = 0; i < sent; ++i)
      datagrams += headers_[static_cast<std::size_t>(i)].msg_hdr.msg_iovlen;
    return sent < 0 ? sent : static_cast<int>(datagrams);
  }
}

bool refuses_segments(int error) {
  return error == EIO || error == EINVAL || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

}  // namespace m8::dns
