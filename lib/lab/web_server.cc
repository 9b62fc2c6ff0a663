#include "lab/web_server.h"

#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/socket.h"

namespace m8::lab {
namespace {

constexpr std::size_t kReadBytes = 16 << 10;
constexpr auto kIdleLimit = std::chrono::seconds(60);
constexpr auto kSweepEvery = std::chrono::seconds(5);
constexpr auto kDripEvery = std::chrono::milliseconds(100);
constexpr int kAcceptsPerTurn = 256;

/// Bytes that no HTTP client may take for an answer, the same every time.
std::string garbage() {
  Dice dice(8);
  std::string out;
  for (int i = 0; i < 512; ++i) out += static_cast<char>(dice.next() & 0xff);
  return out;
}

void reset_on_close(int fd) {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int status_of(const Error& error) {
  if (error.code == ErrorCode::kExhausted) return 413;
  return error.code == ErrorCode::kUnsupported ? 501 : 400;
}

}  // namespace

class WebServer::Listener final : public net::Poller::Handler {
 public:
  Listener(WebServer& server, Fd socket, Responder responder, Behaviour behaviour)
      : server_(server),
        socket_(std::move(socket)),
        responder_(std::move(responder)),
        behaviour_(behaviour) {}
  ~Listener() override { server_.poller_.remove(socket_.get()); }

  void ready(std::uint32_t) override { server_.accept_from(*this); }
  int fd() const { return socket_.get(); }
  WebResponse respond(const WebRequest& request) const { return responder_(request); }
  Behaviour behaviour() const { return behaviour_; }

 private:
  WebServer& server_;
  Fd socket_;
  Responder responder_;
  Behaviour behaviour_;
};

/// Reads a request, waits for the latency, writes the answer, and again.
class WebServer::Connection final : public net::Poller::Handler {
 public:
  Connection(WebServer& server, Fd socket, Listener& listener)
      : server_(server), socket_(std::move(socket)), listener_(listener) {
    last_used_ = server.poller_.now();
  }
  ~Connection() override {
    server_.poller_.cancel(timer_);
    server_.poller_.remove(socket_.get());
  }

  Status start() { return server_.poller_.add(socket_.get(), EPOLLIN, this); }
  SteadyTime last_used() const { return last_used_; }

  void ready(std::uint32_t events) override {
    last_used_ = server_.poller_.now();
    if (events & (EPOLLERR | EPOLLHUP)) return close();
    if (state_ == State::kWriting) return send();
    if (receive()) next_request();
  }

 private:
  enum class State { kReading, kWaiting, kWriting };

  void close() { server_.forget(*this); }

  void watch(std::uint32_t events) {
    if (events != watched_ && !server_.poller_.modify(socket_.get(), events, this).ok())
      return close();
    watched_ = events;
  }

  /// False when the connection is over.
  bool receive() {
    char buffer[kReadBytes];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (got <= 0) {
      close();
      return false;
    }
    in_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  void next_request() {
    auto read = read_request(in_);
    if (!read.ok()) {
      ++server_.counters_.malformed;
      keep_alive_ = false;
      return answer(web_page(status_of(read.error()), "text/plain", read.error().message + "\n"),
                    false);
    }
    if (!read->complete) return watch(EPOLLIN);
    in_.erase(0, read->size);
    ++server_.counters_.requests;
    misbehave_or_answer(read->request);
  }

  void misbehave_or_answer(const WebRequest& request) {
    keep_alive_ = request.keep_alive() && listener_.behaviour() == Behaviour::kProper;
    switch (listener_.behaviour()) {
      case Behaviour::kProper:
        break;
      case Behaviour::kReset:
        reset_on_close(socket_.get());
        return close();
      case Behaviour::kGarbage:
        head_ = garbage();
        return begin_sending();
      case Behaviour::kDrip:
        head_ = write_head(listener_.respond(request), false) + std::string(1 << 20, '.');
        return drip(0);
      case Behaviour::kShort: {
        auto response = listener_.respond(request);
        head_ = write_head(response, false);
        head_ += response.body->substr(0, response.body->size() / 2);
        return begin_sending();
      }
    }
    answer(listener_.respond(request), request.method == "HEAD");
  }

  void answer(const WebResponse& response, bool head_only) {
    head_ = write_head(response, keep_alive_);
    body_ = head_only ? nullptr : response.body;
    if (server_.latency_.count() == 0) return begin_sending();
    state_ = State::kWaiting;
    watch(0);
    timer_ =
        server_.poller_.at(server_.poller_.now() + server_.latency_, [this] { begin_sending(); });
  }

  void drip(std::size_t at) {
    state_ = State::kWaiting;
    watch(0);
    if (at >= head_.size()) return close();
    if (::send(socket_.get(), head_.data() + at, 1, MSG_NOSIGNAL) != 1) return close();
    last_used_ = server_.poller_.now();
    timer_ = server_.poller_.at(last_used_ + kDripEvery, [this, at] { drip(at + 1); });
  }

  void begin_sending() {
    sent_ = 0;
    send();
  }

  void send() {
    state_ = State::kWriting;
    const std::size_t body_size = body_ ? body_->size() : 0, total = head_.size() + body_size;
    while (sent_ < total) {
      const ssize_t wrote = write_some();
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0 && errno == EAGAIN) return watch(EPOLLOUT);
      if (wrote <= 0) return close();
      sent_ += static_cast<std::size_t>(wrote);
    }
    finish();
  }

  ssize_t write_some() {
    iovec parts[2];
    std::size_t count = 0;
    if (sent_ < head_.size()) parts[count++] = {head_.data() + sent_, head_.size() - sent_};
    const std::size_t skip = sent_ > head_.size() ? sent_ - head_.size() : 0;
    if (body_ && skip < body_->size())
      parts[count++] = {const_cast<char*>(body_->data()) + skip, body_->size() - skip};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  }

  void finish() {
    body_.reset();
    if (!keep_alive_) return close();
    state_ = State::kReading;
    watch(EPOLLIN);
    // A pipelined request is already here: read it on the loop's next turn, not recursively.
    if (!in_.empty())
      timer_ = server_.poller_.at(server_.poller_.now(), [this] { next_request(); });
  }

  WebServer& server_;
  Fd socket_;
  Listener& listener_;
  State state_ = State::kReading;
  std::uint32_t watched_ = EPOLLIN;
  bool keep_alive_ = false;
  std::string in_, head_;
  std::shared_ptr<const std::string> body_;  ///< shared with the site
  std::size_t sent_ = 0;
  std::uint64_t timer_ = 0;
  SteadyTime last_used_;
};

WebServer::WebServer(net::Poller& poller, std::chrono::milliseconds latency)
    : poller_(poller), latency_(latency), reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {
  sweep();
}

WebServer::~WebServer() {
  poller_.cancel(sweep_timer_);
  poller_.cancel(burial_);
  connections_.clear();
}

Result<net::SocketAddress> WebServer::listen(const net::SocketAddress& at, Responder responder,
                                             Behaviour behaviour) {
  Fd socket = M8_TRY(net::tcp_listen(at));
  const auto where = M8_TRY(net::local_address(socket.get()));
  auto listener =
      std::make_unique<Listener>(*this, std::move(socket), std::move(responder), behaviour);
  M8_TRY(poller_.add(listener->fd(), EPOLLIN, listener.get()));
  listeners_.push_back(std::move(listener));
  return where;
}

void WebServer::accept_from(Listener& listener) {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    Fd socket(::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      adopt(std::move(socket), listener);
    } else if (errno == EMFILE || errno == ENFILE) {
      reserve_.reset();
      Fd turned_away(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
      turned_away.reset();
      reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void WebServer::adopt(Fd socket, Listener& listener) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ++counters_.connections;
  auto connection = std::make_unique<Connection>(*this, std::move(socket), listener);
  if (!connection->start().ok()) return;
  Connection* const key = connection.get();
  connections_.emplace(key, std::move(connection));
}

void WebServer::forget(Connection& connection) {
  const auto found = connections_.find(&connection);
  if (found == connections_.end()) return;
  if (gone_.empty()) burial_ = poller_.at(poller_.now(), [this] { gone_.clear(); });
  gone_.push_back(std::move(found->second));
  connections_.erase(found);
}

void WebServer::sweep() {
  const SteadyTime oldest = poller_.now() - kIdleLimit;
  std::vector<Connection*> idle;
  for (const auto& [key, connection] : connections_)
    if (connection->last_used() < oldest) idle.push_back(key);
  for (Connection* connection : idle) forget(*connection);
  sweep_timer_ = poller_.at(poller_.now() + kSweepEvery, [this] { sweep(); });
}

}  // namespace m8::lab
