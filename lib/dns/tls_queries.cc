#include "dns/tls_queries.h"

#include <array>

#include "base/log.h"
#include "net/socket.h"

namespace m8::dns {
namespace {

/// More than is ever in flight: what does not go out fails instead of piling up.
constexpr std::size_t kMostOutgoing = 1u << 20;

}  // namespace

TlsQueries::TlsQueries(const net::SocketAddress& at, std::string host,
                       std::shared_ptr<net::TlsContext> context, Events events, net::Poller& poller)
    : at_(at),
      host_(std::move(host)),
      context_(std::move(context)),
      events_(std::move(events)),
      poller_(poller) {}

TlsQueries::~TlsQueries() {
  if (timer_ != 0) poller_.cancel(timer_);
  close();
}

void TlsQueries::send(Bytes query) {
  if (outgoing_.size() > kMostOutgoing)
    return schedule_failure({ErrorCode::kExhausted, "does not read its queries"});
  outgoing_ += static_cast<char>(query.size() >> 8);
  outgoing_ += static_cast<char>(query.size() & 0xff);
  outgoing_.append(reinterpret_cast<const char*>(query.data()), query.size());
  ++unanswered_;
  if (state_ == State::kClosed) {
    if (const Status connecting = connect(); !connecting.ok()) schedule_failure(connecting.error());
  } else if (state_ == State::kOpen && !wants_write_) {
    wants_write_ = true;  // together with what else is sent in this turn
    watch();
  }
}

Status TlsQueries::connect() {
  socket_ = M8_TRY(net::tcp_connect(at_));
  state_ = State::kConnecting;
  wants_write_ = true;
  return poller_.add(socket_.get(), EPOLLIN | EPOLLOUT, this);
}

void TlsQueries::schedule_failure(const Error& why) {
  log::get("dns")->info("resolver=tls://{} failed: {}", host_, why.message);
  close();
  if (timer_ != 0) return;
  timer_ = poller_.at(poller_.now(), [this] {
    timer_ = 0;
    events_.broken();
  });
}

void TlsQueries::ready(std::uint32_t) {
  const Status status = advance();
  if (!status.ok()) schedule_failure(status.error());
}

Status TlsQueries::advance() {
  if (state_ == State::kConnecting) {
    M8_TRY(net::connect_result(socket_.get(), at_));
    tls_ = M8_TRY(net::TlsStream::client(context_, socket_.get(), host_));
    state_ = State::kHandshake;
  }
  if (state_ == State::kHandshake) {
    const auto now = M8_TRY(tls_->handshake());
    wants_write_ = now != net::IoState::kWantRead;
    if (now != net::IoState::kDone) {
      watch();
      return {};
    }
    state_ = State::kOpen;
  }
  M8_TRY(write());
  const bool open = M8_TRY(read());
  give_answers();
  if (open) {
    watch();
    return {};
  }
  const bool lost = unanswered_ > 0;
  close();
  // Idle connections are closed as the server likes: nothing was lost by it.
  return lost ? Status(Error{ErrorCode::kNetwork, "closed before the answers"}) : Status();
}

Status TlsQueries::write() {
  wants_write_ = false;
  std::size_t done = 0;
  while (done < outgoing_.size()) {
    std::size_t count = 0;
    const auto now =
        M8_TRY(tls_->write(std::span(outgoing_.data() + done, outgoing_.size() - done), count));
    done += count;
    if (now == net::IoState::kClosed) return Error{ErrorCode::kNetwork, "closed"};
    if (now == net::IoState::kDone) continue;
    wants_write_ = now == net::IoState::kWantWrite;
    break;
  }
  outgoing_.erase(0, done);
  return {};
}

Result<bool> TlsQueries::read() {
  std::array<char, 16384> chunk;
  for (;;) {
    std::size_t count = 0;
    const auto now = M8_TRY(tls_->read(chunk, count));
    if (now == net::IoState::kClosed) return false;
    if (now != net::IoState::kDone) return true;
    incoming_.append(chunk.data(), count);
  }
}

void TlsQueries::give_answers() {
  std::size_t at = 0;
  while (incoming_.size() - at >= 2) {
    const std::size_t size = static_cast<unsigned char>(incoming_[at]) * 256u +
                             static_cast<unsigned char>(incoming_[at + 1]);
    if (incoming_.size() - at - 2 < size) break;
    if (unanswered_ > 0) --unanswered_;
    // Asked for more on the way, send() only adds to outgoing_.
    events_.answered({reinterpret_cast<const std::byte*>(incoming_.data()) + at + 2, size});
    at += 2 + size;
  }
  incoming_.erase(0, at);
}

void TlsQueries::watch() {
  if (!socket_) return;
  const std::uint32_t events = wants_write_ ? EPOLLIN | EPOLLOUT : EPOLLIN;
  (void)poller_.modify(socket_.get(), events, this);
}

void TlsQueries::close() {
  if (socket_) poller_.remove(socket_.get());
  tls_.reset();
  socket_.reset();
  state_ = State::kClosed;
  outgoing_.clear();
  incoming_.clear();
  unanswered_ = 0;
  wants_write_ = false;
}

}  // namespace m8::dns
