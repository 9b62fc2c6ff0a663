#include "oob/smtp_server.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include "net/socket.h"

namespace m8::oob {
namespace {

constexpr std::size_t kMaxQueuedBytes = 64u << 10;

}  // namespace

class SmtpServer::Accept final : public net::Poller::Handler {
 public:
  Accept(SmtpServer& server, Fd socket) : server_(server), socket_(std::move(socket)) {}
  ~Accept() override { server_.poller_.remove(socket_.get()); }
  void ready(std::uint32_t) override {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    Fd peer(::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                      SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (peer) server_.adopt(std::move(peer), net::SocketAddress::from(from).ip.unmapped());
  }
  int fd() const { return socket_.get(); }

 private:
  SmtpServer& server_;
  Fd socket_;
};

class SmtpServer::Connection final : public net::Poller::Handler {
 public:
  Connection(SmtpServer& server, Fd socket, const net::IpAddress& peer)
      : server_(server),
        socket_(std::move(socket)),
        ends_(server.poller_.now() + server.options_.max_time),
        session_(server.options_.host, server.options_.limits,
                 [&server, peer](const Mail& mail, const std::string& answer) {
                   server.receiver_(mail, answer, peer);
                 }),
        out_(session_.greeting()) {}
  ~Connection() override {
    server_.poller_.cancel(timer_);
    server_.poller_.remove(socket_.get());
  }
  /// False if it is over already.
  bool start() {
    set_timer();
    return server_.poller_.add(socket_.get(), EPOLLIN, this).ok() && send();
  }

  void ready(std::uint32_t events) override {
    const bool good = !(events & EPOLLERR) && (!(events & (EPOLLIN | EPOLLHUP)) || receive());
    if (good && send()) {
      set_timer();
      return;
    }
    session_.closed();
    server_.forget(*this);
  }

 private:
  void set_timer() {
    server_.poller_.cancel(timer_);
    const SteadyTime due = std::min(server_.poller_.now() + server_.options_.idle_timeout, ends_);
    timer_ = server_.poller_.at(due, [this] {
      session_.closed();
      server_.forget(*this);
    });
  }

  bool receive() {
    char buffer[8192];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    if (!session_.over()) out_ += session_.feed({buffer, static_cast<std::size_t>(got)});
    return out_.size() <= kMaxQueuedBytes;
  }

  /// False when all is said, or nobody listens.
  bool send() {
    while (!out_.empty()) {
      const ssize_t sent = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN)
        return server_.poller_.modify(socket_.get(), EPOLLIN | EPOLLOUT, this).ok();
      if (sent <= 0) return false;
      out_.erase(0, static_cast<std::size_t>(sent));
    }
    return !session_.over() && server_.poller_.modify(socket_.get(), EPOLLIN, this).ok();
  }

  SmtpServer& server_;
  Fd socket_;
  const SteadyTime ends_;
  SmtpSession session_;
  std::string out_;
  std::uint64_t timer_ = 0;
};

SmtpServer::SmtpServer(net::Poller& poller, SmtpServerOptions options, Gate gate, Receiver receiver)
    : poller_(poller),
      options_(std::move(options)),
      gate_(std::move(gate)),
      receiver_(std::move(receiver)) {}

SmtpServer::~SmtpServer() { poller_.cancel(burial_); }

Result<std::unique_ptr<SmtpServer>> SmtpServer::create(net::Poller& poller,
                                                       SmtpServerOptions options, Gate gate,
                                                       Receiver receiver) {
  std::unique_ptr<SmtpServer> server(
      new SmtpServer(poller, std::move(options), std::move(gate), std::move(receiver)));
  Fd socket = M8_TRY(net::tcp_listen(server->options_.address));
  server->address_ = M8_TRY(net::local_address(socket.get()));
  server->accept_ = std::make_unique<Accept>(*server, std::move(socket));
  M8_TRY(poller.add(server->accept_->fd(), EPOLLIN, server->accept_.get()));
  return server;
}

void SmtpServer::adopt(Fd socket, const net::IpAddress& peer) {
  if (connections_.size() >= options_.max_connections || !gate_(peer)) return;
  auto connection = std::make_unique<Connection>(*this, std::move(socket), peer);
  if (!connection->start()) return;
  Connection* const key = connection.get();
  connections_.emplace(key, std::move(connection));
}

void SmtpServer::forget(Connection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  if (gone_.empty()) burial_ = poller_.at(poller_.now(), [this] { gone_.clear(); });
  gone_.push_back(std::move(found->second));
  connections_.erase(found);
}

}  // namespace m8::oob
