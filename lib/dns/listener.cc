#include "dns/listener.h"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

#include "net/socket.h"

namespace m8::dns {
namespace {

constexpr int kUdpBufferBytes = 4 << 20;
constexpr std::size_t kPlainUdpBytes = 512, kMaxUdpBytes = 1232;
constexpr int kDatagramsPerTurn = 256;
constexpr std::size_t kMaxQueuedBytes = 1u << 20;  // of one connection

Bytes as_bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

}  // namespace

std::size_t udp_limit(const Message& query) {
  if (!query.edns) return kPlainUdpBytes;
  return std::clamp<std::size_t>(query.edns->udp_payload, kPlainUdpBytes, kMaxUdpBytes);
}

class Listener::Udp final : public net::Poller::Handler {
 public:
  Udp(Listener& listener, Fd socket) : listener_(listener), socket_(std::move(socket)) {}
  ~Udp() override { listener_.poller_.remove(socket_.get()); }
  void ready(std::uint32_t) override { listener_.serve_datagrams(socket_.get()); }
  int fd() const { return socket_.get(); }

 private:
  Listener& listener_;
  Fd socket_;
};

class Listener::Accept final : public net::Poller::Handler {
 public:
  Accept(Listener& listener, Fd socket) : listener_(listener), socket_(std::move(socket)) {}
  ~Accept() override { listener_.poller_.remove(socket_.get()); }
  void ready(std::uint32_t) override {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    Fd peer(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                      SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (peer) listener_.adopt(std::move(peer), net::SocketAddress::from(from).ip);
  }
  int fd() const { return socket_.get(); }

 private:
  Listener& listener_;
  Fd socket_;
};

/// One TCP connection (RFC 7766): messages with a length of two bytes in front.
class Listener::Stream final : public net::Poller::Handler {
 public:
  Stream(Listener& listener, Fd socket, const net::IpAddress& peer)
      : listener_(listener), socket_(std::move(socket)), peer_(peer) {
    timer_ = listener.poller_.at(listener.poller_.now() + listener.options_.stream_limit,
                                 [this] { listener_.forget(*this); });
  }
  ~Stream() override {
    listener_.poller_.cancel(timer_);
    listener_.poller_.remove(socket_.get());
  }
  Status start() { return listener_.poller_.add(socket_.get(), EPOLLIN, this); }

  void ready(std::uint32_t events) override {
    if ((events & (EPOLLERR | EPOLLHUP)) || ((events & EPOLLIN) && !receive()) || !send())
      listener_.forget(*this);
  }

 private:
  bool receive() {
    char buffer[4096];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    in_.append(buffer, static_cast<std::size_t>(got));
    while (in_.size() >= 2) {
      const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(in_[0])) << 8 |
                               static_cast<unsigned char>(in_[1]);
      if (in_.size() < 2 + size) break;
      queue(listener_.responder_(as_bytes(std::string_view(in_).substr(2, size)), peer_, false));
      in_.erase(0, 2 + size);
    }
    return out_.size() <= kMaxQueuedBytes;  // who asks and asks and reads nothing
  }

  void queue(const std::string& reply) {
    if (reply.empty()) return;
    out_ += static_cast<char>(reply.size() >> 8);
    out_ += static_cast<char>(reply.size() & 0xff);
    out_ += reply;
  }

  bool send() {
    while (!out_.empty()) {
      const ssize_t sent = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN)
        return listener_.poller_.modify(socket_.get(), EPOLLOUT, this).ok();
      if (sent <= 0) return false;
      out_.erase(0, static_cast<std::size_t>(sent));
    }
    return listener_.poller_.modify(socket_.get(), EPOLLIN, this).ok();
  }

  Listener& listener_;
  Fd socket_;
  const net::IpAddress peer_;
  std::string in_, out_;
  std::uint64_t timer_ = 0;
};

Listener::Listener(net::Poller& poller, Responder responder, Options options)
    : poller_(poller), responder_(std::move(responder)), options_(options) {}

Listener::~Listener() {
  poller_.cancel(burial_);
  poller_.cancel(waiting_timer_);
}

Result<std::unique_ptr<Listener>> Listener::create(net::Poller& poller,
                                                   const net::SocketAddress& at,
                                                   Responder responder, Options options) {
  std::unique_ptr<Listener> listener(new Listener(poller, std::move(responder), options));
  // TCP picks the port: connections that just ended keep many ports from it, and none from UDP.
  Fd tcp = M8_TRY(net::tcp_listen(at));
  listener->address_ = M8_TRY(net::local_address(tcp.get()));
  Fd udp = M8_TRY(net::udp_bind(listener->address_, kUdpBufferBytes));
  listener->udp_ = std::make_unique<Udp>(*listener, std::move(udp));
  listener->accept_ = std::make_unique<Accept>(*listener, std::move(tcp));
  M8_TRY(poller.add(listener->udp_->fd(), EPOLLIN, listener->udp_.get()));
  M8_TRY(poller.add(listener->accept_->fd(), EPOLLIN, listener->accept_.get()));
  return listener;
}

void Listener::serve_datagrams(int fd) {
  char buffer[4096];
  Waiting answer;
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    answer.peer_size = sizeof answer.peer;
    const ssize_t got = ::recvfrom(fd, buffer, sizeof buffer, 0,
                                   reinterpret_cast<sockaddr*>(&answer.peer), &answer.peer_size);
    if (got < 0) break;
    answer.bytes = responder_(as_bytes({buffer, static_cast<std::size_t>(got)}),
                              net::SocketAddress::from(answer.peer).ip, true);
    if (answer.bytes.empty()) continue;
    if (options_.latency == options_.latency.zero()) {
      send(fd, answer);
    } else {
      answer.due = poller_.now() + options_.latency;
      waiting_.push_back(answer);
    }
  }
  send_due(fd);
}

void Listener::send(int fd, const Waiting& answer) {
  // A full send buffer loses the datagram, as a network does.
  (void)::sendto(fd, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&answer.peer), answer.peer_size);
}

void Listener::send_due(int fd) {
  for (; !waiting_.empty() && waiting_.front().due <= poller_.now(); waiting_.pop_front())
    send(fd, waiting_.front());
  if (waiting_.empty() || waiting_timer_ != 0) return;
  waiting_timer_ = poller_.at(waiting_.front().due, [this, fd] {
    waiting_timer_ = 0;
    send_due(fd);
  });
}

void Listener::adopt(Fd socket, const net::IpAddress& peer) {
  if (streams_.size() >= options_.max_streams) return;
  auto stream = std::make_unique<Stream>(*this, std::move(socket), peer);
  if (!stream->start().ok()) return;
  Stream* const key = stream.get();
  streams_.emplace(key, std::move(stream));
}

void Listener::forget(Stream& stream) {
  const auto found = streams_.find(&stream);
  if (found == streams_.end()) return;
  if (gone_.empty()) burial_ = poller_.at(poller_.now(), [this] { gone_.clear(); });
  gone_.push_back(std::move(found->second));
  streams_.erase(found);
}

}  // namespace m8::dns
