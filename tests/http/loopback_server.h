// A server on a loopback port for tests: each connection is served by a script on a thread of its
// own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/guarded.h"
#include "net/socket.h"
#include "net/tls.h"

namespace m8::test {

/// One accepted connection.
class Peer {
 public:
  Peer(Fd fd, int number) : number_(number), fd_(std::move(fd)) {}

  /// 0 for the server's first connection, and so on.
  int number() const { return number_; }
  /// False if the client has gone.
  bool start_tls(const std::shared_ptr<net::TlsContext>& context) {
    auto stream = net::TlsStream::server(context, fd_.get());
    if (!stream.ok()) return false;
    tls_ = std::move(stream).value();
    for (;;) {
      const auto state = tls_->handshake();
      if (!state.ok() || *state == net::IoState::kClosed) return false;
      if (*state == net::IoState::kDone) return true;
      wait(*state == net::IoState::kWantRead ? POLLIN : POLLOUT);
    }
  }
  /// One request: head, and body by Content-Length. Empty once the client has gone.
  std::string read_request() {
    std::size_t head = std::string::npos;
    while ((head = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    std::size_t size = head + 4;
    const std::size_t length = buffer_.find("Content-Length: ");
    if (length < head) size += std::stoul(buffer_.substr(length + 16));
    while (buffer_.size() < size) {
      if (!fill()) return {};
    }
    std::string request = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return request;
  }
  /// \p size bytes; fewer once the client has gone.
  std::string read_bytes(std::size_t size) {
    while (buffer_.size() < size && fill()) {
    }
    std::string bytes = buffer_.substr(0, size);
    buffer_.erase(0, bytes.size());
    return bytes;
  }
  /// Bytes received that nobody has asked for yet.
  std::size_t unread() const { return buffer_.size(); }
  /// Passes on what comes, both ways, between the client and a loopback port, until one ends.
  void relay_to(std::uint16_t port) {
    const auto to = net::SocketAddress::parse("127.0.0.1", port);
    auto far = net::tcp_connect(*to);
    if (!far.ok()) return;
    Peer other(std::move(far).value(), 0);
    other.wait(POLLOUT);
    while (pass_on(*this, other) && pass_on(other, *this)) {
      pollfd entries[2] = {{fd_.get(), POLLIN, 0}, {other.fd_.get(), POLLIN, 0}};
      ::poll(entries, 2, 10'000);
    }
  }
  /// False once the client has gone.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      std::size_t done = 0;
      if (tls_) {
        const auto state = tls_->write(bytes, done);
        if (!state.ok() || *state == net::IoState::kClosed) return false;
        if (*state != net::IoState::kDone) wait(POLLIN | POLLOUT);
      } else {
        const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return false;
        if (sent < 0) wait(POLLOUT);
        done = sent > 0 ? static_cast<std::size_t>(sent) : 0;
      }
      bytes.remove_prefix(done);
    }
    return true;
  }
  /// One byte per segment.
  bool drip(std::string_view bytes) {
    for (const char& byte : bytes) {
      if (!write({&byte, 1})) return false;
    }
    return true;
  }
  void answer(std::string_view body, std::string_view headers = "") {
    write("HTTP/1.1 200 OK\r\n" + std::string(headers) +
          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  /// Ends with RST instead of FIN.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }
  /// Until the client goes.
  void wait_for_end() {
    while (fill()) {
    }
  }
  void shut() {
    if (fd_.valid()) ::shutdown(fd_.get(), SHUT_RDWR);
  }

 private:
  /// Writes to \p to what \p from has now. False once \p from has ended.
  static bool pass_on(Peer& from, Peer& to) {
    char block[16384];
    for (;;) {
      std::size_t done = 0;
      if (from.tls_) {
        const auto state = from.tls_->read(block, done);
        if (!state.ok() || *state == net::IoState::kClosed) return false;
        if (*state != net::IoState::kDone) return true;
      } else {
        const ssize_t got = ::recv(from.fd_.get(), block, sizeof block, 0);
        if (got < 0 && errno == EAGAIN) return true;
        if (got <= 0) return false;
        done = static_cast<std::size_t>(got);
      }
      if (!to.write({block, done})) return false;
    }
  }
  void wait(short events) {
    pollfd entry{fd_.get(), events, 0};
    ::poll(&entry, 1, 10'000);
  }
  bool fill() {
    char block[16384];
    for (;;) {
      std::size_t done = 0;
      if (tls_) {
        const auto state = tls_->read(block, done);
        if (!state.ok() || *state == net::IoState::kClosed) return false;
        if (*state == net::IoState::kDone) {
          buffer_.append(block, done);
          return true;
        }
        wait(*state == net::IoState::kWantRead ? POLLIN : POLLOUT);
        continue;
      }
      const ssize_t got = ::recv(fd_.get(), block, sizeof block, 0);
      if (got == 0 || (got < 0 && errno != EAGAIN)) return false;
      if (got > 0) {
        buffer_.append(block, static_cast<std::size_t>(got));
        return true;
      }
      wait(POLLIN);
    }
  }

  const int number_;
  Fd fd_;
  std::unique_ptr<net::TlsStream> tls_;
  std::string buffer_;
};

/// A port that refuses as long as this lives: it is taken, and nobody listens.
class DeadPort {
 public:
  DeadPort() {
    const auto at = net::SocketAddress::parse("127.0.0.1", 0).value();
    fd_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage{};
    const socklen_t size = at.to(storage);
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0);
    port_ = net::local_address(fd_.get()).value().port;
  }
  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  Fd fd_;
  std::uint16_t port_ = 0;
};

class LoopbackServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit LoopbackServer(Script script) : script_(std::move(script)) {
    auto at = net::SocketAddress::parse("127.0.0.1", 0);
    REQUIRE(at.ok());
    auto listener = net::tcp_listen(*at);
    REQUIRE(listener.ok());
    listener_ = std::move(listener).value();
    const auto bound = net::local_address(listener_.get());
    REQUIRE(bound.ok());
    port_ = bound->port;
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackServer() {
    stopping_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    acceptor_.join();
    for (const auto& peer : peers_) peer->shut();
    for (auto& thread : threads_) thread.join();
  }

  std::uint16_t port() const { return port_; }
  /// Accepted so far.
  int connections() const { return connections_.load(); }
  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd entry{listener_.get(), POLLIN, 0};
      ::poll(&entry, 1, 1000);
      Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd.valid()) continue;
      peers_.push_back(std::make_unique<Peer>(std::move(fd), connections_++));
      threads_.emplace_back([this, peer = peers_.back().get()] {
        script_(*peer);
        peer->shut();
      });
    }
  }

  const Script script_;
  Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace m8::test
