#include "http/connection.h"

#include <cerrno>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/file.h"
#include "net/socket.h"

namespace m8::http {
namespace {

constexpr std::uint32_t kInterest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
constexpr std::uint32_t kEnded = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
/// Full buffers read in one go before other connections get their turn.
constexpr int kMaxReads = 16;

Error network_error(std::string_view what, int error_number) {
  return {ErrorCode::kNetwork, errno_error(what, error_number).message};
}

}  // namespace

Connection::Connection(Shared& shared, Route route) : shared_(shared), route_(std::move(route)) {}

Connection::~Connection() { close(); }

Result<std::unique_ptr<Connection>> Connection::open(Shared& shared, Route route) {
  std::unique_ptr<Connection> connection(new Connection(shared, std::move(route)));
  connection->fd_ = M8_TRY(net::tcp_connect(connection->route_.to));
  M8_TRY(shared.poller.add(connection->fd_.get(), kInterest, connection.get()));
  shared.counters.connections.add();
  if (connection->route_.proxy != nullptr) shared.counters.proxy_connects.add();
  return connection;
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  if (!fd_.valid()) return;
  shared_.poller.remove(fd_.get());
  tls_.reset();
  fd_.reset();
}

void Connection::fail(const Error& error) {
  if (state_ != State::kClosed) shared_.owner.broken(*this, error);
}

void Connection::ready(std::uint32_t events) {
  if ((events & kEnded) != 0) peer_ended_ = true;
  const bool readable = (events & (EPOLLIN | kEnded)) != 0;
  if (state_ == State::kIdle && readable) return check_idle();
  if (state_ == State::kConnecting && (events & (EPOLLOUT | kEnded)) != 0) on_connect();
  if (state_ == State::kProxyHandshake) proxy_handshake();
  if (state_ == State::kTunnel) tunnel();
  if (state_ == State::kHandshake) handshake();
  if (state_ != State::kBusy) return;
  if (!unsent_.empty() && (tls_ || (events & EPOLLOUT) != 0)) write_some();
  // Also right after connecting: a peer that speaks first gives no second edge.
  if (tls_ || readable) read_some();
}

void Connection::resume() {
  if (state_ == State::kTunnel) tunnel();
  if (state_ == State::kBusy) read_some();
}

void Connection::on_connect() {
  const Status status = net::connect_result(fd_.get(), route_.to);
  if (!status.ok()) return fail(status.error());
  if (!route_.proxy_tls) return enter_tunnel();
  auto stream = net::TlsStream::client(route_.proxy_tls, fd_.get(), route_.proxy->host);
  if (!stream.ok()) return fail(stream.error());
  tls_ = std::move(stream).value();
  state_ = State::kProxyHandshake;
}

void Connection::proxy_handshake() {
  const auto state = tls_->handshake();
  if (!state.ok()) return fail(state.error());
  if (*state == net::IoState::kDone) enter_tunnel();
}

void Connection::enter_tunnel() {
  if (!route_.tunnel) return begin_tls();
  state_ = State::kTunnel;
  tunnel_ = std::make_unique<ProxyHandshake>(*route_.proxy, *route_.tunnel);
}

/// Each turn sends all that is to be said and reads one piece of what the proxy answers.
void Connection::tunnel() {
  while (state_ == State::kTunnel) {
    if (unsent_.empty()) unsent_ = tunnel_bytes_ = tunnel_->take_output();
    write_some();
    if (write_failed_) return fail({ErrorCode::kNetwork, "connection closed by the proxy"});
    if (!unsent_.empty()) return;
    std::size_t size = 0;
    const auto state = receive(size);
    if (!state.ok()) return fail(state.error());
    if (*state == net::IoState::kClosed) {
      return fail({ErrorCode::kNetwork, "connection closed by the proxy"});
    }
    if (*state != net::IoState::kDone) return;
    const Status fed = tunnel_->feed(std::string_view(shared_.buffer.data(), size));
    if (!fed.ok()) return fail(fed.error());
    if (!tunnel_->through()) continue;
    tunnel_.reset();
    begin_tls();
  }
}

void Connection::begin_tls() {
  if (!route_.tls) return become_idle();
  auto stream = tls_ ? net::TlsStream::client(route_.tls, std::move(tls_), route_.server_name)
                     : net::TlsStream::client(route_.tls, fd_.get(), route_.server_name);
  if (!stream.ok()) return fail(stream.error());
  tls_ = std::move(stream).value();
  state_ = State::kHandshake;
}

void Connection::handshake() {
  const auto state = tls_->handshake();
  if (!state.ok()) return fail(state.error());
  if (*state == net::IoState::kClosed) {
    return fail({ErrorCode::kNetwork, "connection closed within the tls handshake"});
  }
  if (*state == net::IoState::kDone) become_idle();
}

void Connection::become_idle() {
  state_ = State::kIdle;
  shared_.owner.connected(*this);
}

/// Nothing may come while no question is open, but for TLS's own messages.
void Connection::check_idle() {
  std::size_t size = 0;
  const auto state = receive(size);
  const bool quiet = state.ok() && *state == net::IoState::kWantRead;
  if (!quiet || peer_ended_) fail({ErrorCode::kNetwork, "connection closed while idle"});
}

void Connection::exchange(std::string_view bytes, ResponseParser& parser) {
  state_ = State::kBusy;
  ++exchanges_;
  shared_.counters.requests.add();
  if (exchanges_ > 1) shared_.counters.reused.add();
  unsent_ = bytes;
  parser_ = &parser;
  write_some();
}

void Connection::send_last_byte() {
  if (write_failed_) return;
  unsent_ = {unsent_.data(), unsent_.size() + 1};
  write_some();
}

void Connection::write_some() {
  while (!unsent_.empty()) {
    std::size_t done = 0;
    bool broken = false;
    if (tls_) {
      const auto state = tls_->write(unsent_, done);
      if (state.ok() && (*state == net::IoState::kWantRead || *state == net::IoState::kWantWrite))
        return;
      broken = !state.ok() || *state == net::IoState::kClosed;
    } else {
      const ssize_t sent = ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      broken = sent < 0 && errno != EINTR;
      done = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    if (broken) {
      // There may be an answer to read all the same; if not, reading tells the reason.
      unsent_ = {};
      write_failed_ = peer_ended_ = true;
      shared_.owner.again(*this);
      return;
    }
    shared_.counters.bytes_out.add(done);
    unsent_.remove_prefix(done);
  }
}

Result<net::IoState> Connection::receive(std::size_t& size) {
  if (tls_) return tls_->read(shared_.buffer, size);
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), shared_.buffer.data(), shared_.buffer.size(), 0);
    if (got > 0) {
      size = static_cast<std::size_t>(got);
      return net::IoState::kDone;
    }
    if (got == 0) return net::IoState::kClosed;
    if (errno == EAGAIN) return net::IoState::kWantRead;
    if (errno != EINTR) return network_error("read", errno);
  }
}

void Connection::read_some() {
  for (int reads = 0; state_ == State::kBusy; ++reads) {
    if (reads == kMaxReads) return shared_.owner.again(*this);
    if (parser_->head_complete() && !shared_.owner.may_read(*this)) return;
    std::size_t size = 0;
    const auto state = receive(size);
    if (!state.ok()) return on_end(state.error());
    if (*state == net::IoState::kClosed) return on_end({ErrorCode::kNetwork, {}});
    if (*state != net::IoState::kDone && write_failed_) {
      return on_end({ErrorCode::kNetwork, "connection refused the request"});
    }
    if (*state != net::IoState::kDone) return;
    if (!take(std::string_view(shared_.buffer.data(), size))) return;
    // A short read has emptied the socket: what comes later is a new edge.
    if (!tls_ && size < shared_.buffer.size() && !peer_ended_) return;
  }
}

/// False once the answer is complete or refused; `this` may carry the next exchange by then.
bool Connection::take(std::string_view bytes) {
  shared_.counters.bytes_in.add(bytes.size());
  const bool had_head = parser_->head_complete();
  const auto used = parser_->feed(bytes);
  if (!used.ok()) {
    fail(used.error());
    return false;
  }
  if (!had_head && parser_->head_complete()) head_at_ = shared_.clock.now();
  if (!parser_->done()) return true;
  const bool clean = unsent_.empty() && *used == bytes.size() &&
                     bytes.size() < shared_.buffer.size() && !peer_ended_;
  const bool reusable = clean && parser_->reusable();
  unsent_ = {};
  state_ = State::kIdle;
  shared_.owner.answered(*this, reusable);
  return false;
}

/// The stream ended, in order or by \p error: a body may end so, a head may not.
void Connection::on_end(const Error& error) {
  const Status ended = parser_->end();
  if (!ended.ok()) return fail(error.message.empty() ? ended.error() : error);
  unsent_ = {};
  state_ = State::kIdle;
  shared_.owner.answered(*this, false);
}

}  // namespace m8::http
