#include "queue/amqp_stream.h"

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/file.h"
#include "net/socket.h"

namespace m8::queue::amqp {
namespace {

constexpr std::size_t kReadBytes = 256u << 10;  // of one read
constexpr int kReadsPerTurn = 4;

}  // namespace

AmqpStream::AmqpStream(net::Poller& poller, std::shared_ptr<net::TlsContext> context,
                       std::string host, Events events)
    : poller_(poller),
      context_(std::move(context)),
      host_(std::move(host)),
      events_(std::move(events)) {}

AmqpStream::~AmqpStream() {
  if (socket_) poller_.remove(socket_.get());
}

Status AmqpStream::connect(const net::SocketAddress& to) {
  to_ = to;
  socket_ = M8_TRY(net::tcp_connect(to));
  const int on = 1;
  (void)::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  state_ = State::kConnecting;
  watches_write_ = true;
  return poller_.add(socket_.get(), EPOLLIN | EPOLLOUT, this);
}

void AmqpStream::ready(std::uint32_t) {
  const Status status = advance();
  if (!status.ok()) end(status.error());
}

Status AmqpStream::advance() {
  if (state_ == State::kConnecting) {
    M8_TRY(net::connect_result(socket_.get(), to_));
    state_ = State::kHandshake;
    if (context_) tls_ = M8_TRY(net::TlsStream::client(context_, socket_.get(), host_));
  }
  if (state_ == State::kHandshake) M8_TRY(handshake());
  if (state_ != State::kOpen) return {};
  const bool open = M8_TRY(read_some());
  if (in_end_ > in_start_) M8_TRY(events_.received());
  if (!open) return Error{ErrorCode::kNetwork, "the broker closed the connection"};
  if (state_ != State::kOpen) return {};
  M8_TRY(write_some());
  watch();
  return {};
}

Status AmqpStream::handshake() {
  if (tls_) {
    const auto now = M8_TRY(tls_->handshake());
    wants_write_ = now != net::IoState::kWantRead;
    watch();
    if (now == net::IoState::kClosed)
      return Error{ErrorCode::kNetwork, "the broker closed the connection"};
    if (now != net::IoState::kDone) return {};
  }
  state_ = State::kOpen;
  return {};
}

Result<net::IoState> AmqpStream::read_into(char* to, std::size_t most, std::size_t& done) {
  if (tls_) return tls_->read(std::span(to, most), done);
  const ssize_t count = ::recv(socket_.get(), to, most, 0);
  if (count > 0) {
    done = static_cast<std::size_t>(count);
    return net::IoState::kDone;
  }
  if (count == 0) return net::IoState::kClosed;
  if (errno == EAGAIN || errno == EINTR) return net::IoState::kWantRead;
  return Error{ErrorCode::kNetwork, errno_error("receive", errno).message};
}

Result<net::IoState> AmqpStream::write_from(const char* from, std::size_t most, std::size_t& done) {
  if (tls_) return tls_->write(std::span(from, most), done);
  const ssize_t count = ::send(socket_.get(), from, most, MSG_NOSIGNAL);
  if (count >= 0) {
    done = static_cast<std::size_t>(count);
    return net::IoState::kDone;
  }
  if (errno == EAGAIN || errno == EINTR) return net::IoState::kWantWrite;
  return Error{ErrorCode::kNetwork, errno_error("send", errno).message};
}

/// At least kReadBytes behind in_end_. The buffer is not shrunk: making it larger fills it.
void AmqpStream::make_room() {
  if (in_start_ > 0) {
    in_.copy(in_.data(), in_end_ - in_start_, in_start_);
    in_end_ -= in_start_;
    in_start_ = 0;
  }
  if (in_.size() - in_end_ < kReadBytes) in_.resize(in_end_ + kReadBytes);
}

Result<bool> AmqpStream::read_some() {
  for (int i = 0; i < kReadsPerTurn; ++i) {
    if (i == 0 || in_.size() - in_end_ < kReadBytes) make_room();
    std::size_t count = 0;
    const auto now = M8_TRY(read_into(in_.data() + in_end_, in_.size() - in_end_, count));
    in_end_ += count;
    received_ += count;
    if (now == net::IoState::kClosed) return false;
    // A socket that gave less than was asked for is empty; TLS gives a record at a time.
    if (now != net::IoState::kDone || (!tls_ && in_end_ < in_.size())) break;
  }
  return true;
}

Status AmqpStream::write_some() {
  wants_write_ = false;
  while (out_start_ < out_.size()) {
    std::size_t count = 0;
    const auto now = M8_TRY(write_from(out_.data() + out_start_, out_.size() - out_start_, count));
    out_start_ += count;
    sent_ += count;
    if (now == net::IoState::kClosed)
      return Error{ErrorCode::kNetwork, "the broker closed the connection"};
    if (now == net::IoState::kDone) continue;
    wants_write_ = now == net::IoState::kWantWrite;
    break;
  }
  if (out_start_ == out_.size()) {
    out_.clear();
    out_start_ = 0;
  } else if (out_start_ > out_.size() / 2) {
    out_.erase(0, out_start_);
    out_start_ = 0;
  }
  return {};
}

void AmqpStream::flush() {
  if (state_ != State::kOpen || wants_write_ || backlog() == 0) return;
  const Status status = write_some();
  if (!status.ok()) return end(status.error());
  watch();
}

void AmqpStream::watch() {
  if (!socket_ || wants_write_ == watches_write_) return;
  watches_write_ = wants_write_;
  (void)poller_.modify(socket_.get(), wants_write_ ? EPOLLIN | EPOLLOUT : EPOLLIN, this);
}

void AmqpStream::end(const Error& why) {
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  if (socket_) poller_.remove(socket_.get());
  socket_.reset();
  events_.ended(why);
}

}  // namespace m8::queue::amqp
