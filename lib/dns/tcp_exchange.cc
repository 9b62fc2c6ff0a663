#include "dns/tcp_exchange.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

#include "base/file.h"
#include "net/socket.h"

namespace m8::dns {
namespace {

constexpr std::size_t kPrefix = 2;

Error failed(const net::SocketAddress& server, const std::string& why) {
  return {ErrorCode::kNetwork, "dns over tcp to " + server.to_string() + ": " + why};
}

}  // namespace

TcpExchange::TcpExchange(net::Poller& poller, const net::SocketAddress& server, Bytes query,
                         Done done)
    : poller_(poller), server_(server), done_(std::move(done)) {
  outgoing_ += static_cast<char>(query.size() >> 8);
  outgoing_ += static_cast<char>(query.size() & 0xff);
  outgoing_.append(reinterpret_cast<const char*>(query.data()), query.size());

  auto socket = net::tcp_connect(server);
  Status started = socket.ok() ? Status() : Status(socket.error());
  if (started.ok()) {
    socket_ = std::move(*socket);
    started = poller_.add(socket_.get(), EPOLLIN | EPOLLOUT, this);
  }
  if (!started.ok()) {
    failure_timer_ = poller_.at(poller_.now(), [this, error = started.error()] {
      failure_timer_ = 0;
      finish(error);
    });
  }
}

TcpExchange::~TcpExchange() {
  if (failure_timer_ != 0) poller_.cancel(failure_timer_);
  if (socket_) poller_.remove(socket_.get());
}

void TcpExchange::ready(std::uint32_t) {
  const Status state = advance();
  if (!state.ok()) finish(state.error());
}

Status TcpExchange::advance() {
  if (!connected_) {
    M8_TRY(net::connect_result(socket_.get(), server_));
    connected_ = true;
  }
  if (written_ < outgoing_.size()) return write_query();
  if (M8_TRY(read_answer())) finish(incoming_.substr(kPrefix));
  return {};
}

Status TcpExchange::write_query() {
  const ssize_t count =
      ::send(socket_.get(), outgoing_.data() + written_, outgoing_.size() - written_, MSG_NOSIGNAL);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return {};
    return failed(server_, errno_error("send", errno).message);
  }
  written_ += static_cast<std::size_t>(count);
  if (written_ < outgoing_.size()) return {};
  return poller_.modify(socket_.get(), EPOLLIN, this);
}

Result<bool> TcpExchange::read_answer() {
  const auto wanted = [this]() -> std::size_t {
    if (incoming_.size() < kPrefix) return kPrefix;
    return kPrefix + (static_cast<unsigned char>(incoming_[0]) * 256u +
                      static_cast<unsigned char>(incoming_[1]));
  };
  std::array<char, 16384> chunk;
  while (incoming_.size() < kPrefix || incoming_.size() < wanted()) {
    const std::size_t room = std::min(chunk.size(), wanted() - incoming_.size());
    const ssize_t count = ::recv(socket_.get(), chunk.data(), room, 0);
    if (count == 0) {
      return Error{ErrorCode::kProtocol, failed(server_, "closed before the answer").message};
    }
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) return false;
      return failed(server_, errno_error("receive", errno).message);
    }
    incoming_.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return true;
}

void TcpExchange::finish(Result<std::string> result) {
  if (socket_) poller_.remove(socket_.get());
  socket_.reset();
  // The callback may queue this exchange for removal, not remove it: members stay valid.
  if (Done done = std::exchange(done_, nullptr)) done(std::move(result));
}

}  // namespace m8::dns
