#include "dns/datagrams.h"

#include <cerrno>

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

SendBatch::SendBatch() : headers_{} {
  for (std::size_t i = 0; i < kMost; ++i) {
    headers_[i].msg_hdr.msg_iov = &parts_[i];
    headers_[i].msg_hdr.msg_iovlen = 1;
  }
}

void SendBatch::add(Bytes datagram) {
  // The kernel only reads what it is given to send.
  parts_[count_++] = {const_cast<std::byte*>(datagram.data()), datagram.size()};
}

int SendBatch::send(int fd) {
  const auto count = static_cast<unsigned>(count_);
  count_ = 0;
  for (;;) {
    const int sent = ::sendmmsg(fd, headers_.data(), count, MSG_DONTWAIT);
    if (sent >= 0 || errno != EINTR) return sent;
  }
}

}  // namespace m8::dns
