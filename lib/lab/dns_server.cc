#include "lab/dns_server.h"

#include <algorithm>
#include <cerrno>

#include <sys/socket.h>

#include "net/socket.h"

namespace m8::lab {
namespace {

constexpr int kUdpBufferBytes = 4 << 20;
constexpr std::size_t kPlainUdpBytes = 512, kMaxUdpBytes = 1232;
constexpr int kDatagramsPerTurn = 256;
constexpr std::size_t kMaxStreams = 1000;
constexpr auto kStreamLimit = std::chrono::seconds(10);
const net::IpAddress kFalseAddress = net::IpAddress::v4(0x7f424242);  // 127.66.66.66

dns::Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

class DnsServer::Udp final : public net::Poller::Handler {
 public:
  Udp(DnsServer& server, Fd socket) : server_(server), socket_(std::move(socket)) {}
  ~Udp() override { server_.poller_.remove(socket_.get()); }
  void ready(std::uint32_t) override { server_.serve_datagrams(socket_.get()); }
  int fd() const { return socket_.get(); }

 private:
  DnsServer& server_;
  Fd socket_;
};

class DnsServer::Accept final : public net::Poller::Handler {
 public:
  Accept(DnsServer& server, Fd socket) : server_(server), socket_(std::move(socket)) {}
  ~Accept() override { server_.poller_.remove(socket_.get()); }
  void ready(std::uint32_t) override {
    Fd peer(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (peer) server_.adopt(std::move(peer));
  }
  int fd() const { return socket_.get(); }

 private:
  DnsServer& server_;
  Fd socket_;
};

/// One TCP connection (RFC 7766): messages with a length of two bytes in front.
class DnsServer::Stream final : public net::Poller::Handler {
 public:
  Stream(DnsServer& server, Fd socket) : server_(server), socket_(std::move(socket)) {
    timer_ =
        server.poller_.at(server.poller_.now() + kStreamLimit, [this] { server_.forget(*this); });
  }
  ~Stream() override {
    server_.poller_.cancel(timer_);
    server_.poller_.remove(socket_.get());
  }
  Status start() { return server_.poller_.add(socket_.get(), EPOLLIN, this); }

  void ready(std::uint32_t events) override {
    if ((events & (EPOLLERR | EPOLLHUP)) || ((events & EPOLLIN) && !receive()) || !send())
      server_.forget(*this);
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
      queue(server_.reply_to(as_bytes(std::string_view(in_).substr(2, size)), false));
      in_.erase(0, 2 + size);
    }
    return true;
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
        return server_.poller_.modify(socket_.get(), EPOLLOUT, this).ok();
      if (sent <= 0) return false;
      out_.erase(0, static_cast<std::size_t>(sent));
    }
    return server_.poller_.modify(socket_.get(), EPOLLIN, this).ok();
  }

  DnsServer& server_;
  Fd socket_;
  std::string in_, out_;
  std::uint64_t timer_ = 0;
};

DnsServer::DnsServer(net::Poller& poller, const Zone& zone, const Faults& faults)
    : poller_(poller), zone_(zone), faults_(faults), dice_(faults.seed) {}

DnsServer::~DnsServer() {
  poller_.cancel(burial_);
  poller_.cancel(waiting_timer_);
}

Result<std::unique_ptr<DnsServer>> DnsServer::create(net::Poller& poller, const Zone& zone,
                                                     const net::SocketAddress& at,
                                                     const Faults& faults) {
  std::unique_ptr<DnsServer> server(new DnsServer(poller, zone, faults));
  // TCP picks the port: connections that just ended keep many ports from it, and none from UDP.
  Fd tcp = M8_TRY(net::tcp_listen(at));
  server->address_ = M8_TRY(net::local_address(tcp.get()));
  Fd udp = M8_TRY(net::udp_bind(server->address_, kUdpBufferBytes));
  server->udp_ = std::make_unique<Udp>(*server, std::move(udp));
  server->accept_ = std::make_unique<Accept>(*server, std::move(tcp));
  M8_TRY(poller.add(server->udp_->fd(), EPOLLIN, server->udp_.get()));
  M8_TRY(poller.add(server->accept_->fd(), EPOLLIN, server->accept_.get()));
  return server;
}

void DnsServer::serve_datagrams(int fd) {
  char buffer[4096];
  Waiting answer;
  for (int i = 0; i < kDatagramsPerTurn; ++i) {
    answer.peer_size = sizeof answer.peer;
    const ssize_t got = ::recvfrom(fd, buffer, sizeof buffer, 0,
                                   reinterpret_cast<sockaddr*>(&answer.peer), &answer.peer_size);
    if (got < 0) break;
    ++counters_.udp;
    if (dice_.roll(faults_.loss)) {
      ++counters_.lost;
      continue;
    }
    answer.bytes = reply_to(as_bytes({buffer, static_cast<std::size_t>(got)}), true);
    if (answer.bytes.empty()) continue;
    if (faults_.dns_latency == faults_.dns_latency.zero()) {
      send(fd, answer);
    } else {
      answer.due = poller_.now() + faults_.dns_latency;
      waiting_.push_back(answer);
    }
  }
  send_due(fd);
}

void DnsServer::send(int fd, const Waiting& answer) {
  // A full send buffer loses the datagram, as a network does.
  (void)::sendto(fd, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&answer.peer), answer.peer_size);
}

void DnsServer::send_due(int fd) {
  for (; !waiting_.empty() && waiting_.front().due <= poller_.now(); waiting_.pop_front())
    send(fd, waiting_.front());
  if (waiting_.empty() || waiting_timer_ != 0) return;
  waiting_timer_ = poller_.at(waiting_.front().due, [this, fd] {
    waiting_timer_ = 0;
    send_due(fd);
  });
}

std::string DnsServer::reply_to(dns::Bytes wire, bool udp) {
  if (!udp) ++counters_.tcp;
  const auto query = dns::decode(wire);
  if (!query.ok() || query->response) {
    ++counters_.malformed;
    return {};
  }
  dns::Message reply = zone_.answer(*query);
  if (lie(*query, reply)) ++counters_.lies;
  std::size_t limit = dns::kMaxMessageBytes;
  if (udp)
    limit = query->edns
                ? std::clamp<std::size_t>(query->edns->udp_payload, kPlainUdpBytes, kMaxUdpBytes)
                : kPlainUdpBytes;
  return dns::encode(reply, limit).value_or("");
}

/// Turns the reply into a false address, also for names that don't exist.
bool DnsServer::lie(const dns::Message& query, dns::Message& reply) {
  if (faults_.lie <= 0 || query.questions.size() != 1) return false;
  if (counters_.udp + counters_.tcp <= faults_.honest) return false;
  const dns::Question& question = query.questions[0];
  if (question.type != dns::RrType::kA) return false;
  if (!chosen(dns::lower(question.name), faults_.seed, faults_.lie)) return false;
  reply.rcode = dns::Rcode::kNoError;
  reply.authorities.clear();
  reply.answers = {{question.name, dns::RrType::kA, dns::kClassIn, 60, kFalseAddress}};
  return true;
}

void DnsServer::adopt(Fd socket) {
  if (streams_.size() >= kMaxStreams) return;
  auto stream = std::make_unique<Stream>(*this, std::move(socket));
  if (!stream->start().ok()) return;
  Stream* const key = stream.get();
  streams_.emplace(key, std::move(stream));
}

void DnsServer::forget(Stream& stream) {
  const auto found = streams_.find(&stream);
  if (found == streams_.end()) return;
  if (gone_.empty()) burial_ = poller_.at(poller_.now(), [this] { gone_.clear(); });
  gone_.push_back(std::move(found->second));
  streams_.erase(found);
}

}  // namespace m8::lab
