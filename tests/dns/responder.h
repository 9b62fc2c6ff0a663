/// A real DNS responder on loopback, UDP and TCP on one port, that answers as a test tells it.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "dns/wire.h"
#include "net/socket.h"

namespace m8::dns::test {

inline Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline net::SocketAddress loopback(std::uint16_t port = 0) {
  return {net::IpAddress::v4(0x7f000001), port};
}

inline Record address_record(const std::string& name, const char* ip) {
  const auto address = net::IpAddress::parse(ip).value();
  return {name, address.is_v4() ? RrType::kA : RrType::kAaaa, kClassIn, 300, address};
}

inline std::string encoded(const Message& message, std::size_t most = kMaxMessageBytes) {
  return encode(message, most).value();
}

/// Answers on a thread of its own until it goes.
class Responder {
 public:
  struct Asked {
    Message query;
    bool tcp = false;
    int times = 1;  ///< how often this name and type was asked so far
  };
  /// What goes back: any number of messages, as they are.
  using Handler = std::function<std::vector<std::string>(const Asked&)>;

  explicit Responder(Handler handler) : handler_(std::move(handler)) {
    // A port that is free for UDP may be taken for TCP: try a few.
    for (int i = 0; i < 20 && !tcp_; ++i) {
      udp_ = net::udp_bind(loopback(), 1 << 20).value();
      address_ = net::local_address(udp_.get()).value();
      if (auto listener = net::tcp_listen(address_); listener.ok()) tcp_ = std::move(*listener);
    }
    REQUIRE(tcp_);
    other_ = net::udp_bind(loopback(), 1 << 16).value();
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }

  const net::SocketAddress& address() const { return address_; }
  int queries() const { return queries_; }
  /// From now on answers leave from another port.
  void answer_from_elsewhere() { elsewhere_ = true; }

 private:
  void run(std::stop_token stop) {
    while (!stop.stop_requested()) {
      std::array<pollfd, 2> ready{{{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), 10) <= 0) continue;
      if (ready[0].revents != 0) serve_udp();
      if (ready[1].revents != 0) serve_tcp();
    }
  }

  std::vector<std::string> answers(const std::string& bytes, bool tcp) {
    ++queries_;
    Asked asked{decode(bytes_of(bytes)).value(), tcp, 1};
    const auto& question = asked.query.questions.at(0);
    asked.times = ++seen_[question.name + "/" + to_string(question.type)];
    return handler_(asked);
  }

  void serve_udp() {
    std::string buffer(4096, '\0');
    sockaddr_storage from{};
    for (;;) {
      socklen_t size = sizeof(from);
      const ssize_t count = ::recvfrom(udp_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                       reinterpret_cast<sockaddr*>(&from), &size);
      if (count <= 0) return;
      for (const auto& answer : answers(buffer.substr(0, static_cast<std::size_t>(count)), false)) {
        ::sendto(elsewhere_ ? other_.get() : udp_.get(), answer.data(), answer.size(), 0,
                 reinterpret_cast<sockaddr*>(&from), size);
      }
    }
  }

  void serve_tcp() {
    const Fd peer(::accept(tcp_.get(), nullptr, nullptr));
    std::string buffer(4096, '\0');
    const ssize_t count = ::recv(peer.get(), buffer.data(), buffer.size(), 0);
    if (count < 2) return;
    for (const auto& answer :
         answers(buffer.substr(2, static_cast<std::size_t>(count) - 2), true)) {
      const std::string framed = std::string{static_cast<char>(answer.size() >> 8 & 0xff),
                                             static_cast<char>(answer.size() & 0xff)} +
                                 answer;
      // In two pieces: a reader must put them together.
      ::send(peer.get(), framed.data(), framed.size() / 2, MSG_NOSIGNAL);
      ::send(peer.get(), framed.data() + framed.size() / 2, framed.size() - framed.size() / 2,
             MSG_NOSIGNAL);
    }
  }

  Handler handler_;
  Fd udp_, tcp_, other_;
  net::SocketAddress address_;
  std::atomic<int> queries_{0};
  std::atomic<bool> elsewhere_{false};
  std::unordered_map<std::string, int> seen_;
  std::jthread thread_;
};

/// One A record for every name.
inline std::vector<std::string> one_address(const Responder::Asked& asked) {
  Message reply = reply_to(asked.query);
  reply.answers.push_back(address_record(asked.query.questions[0].name, "192.0.2.1"));
  return {encoded(reply)};
}

inline std::vector<std::string> only_rcode(const Responder::Asked& asked, Rcode rcode) {
  Message reply = reply_to(asked.query);
  reply.rcode = rcode;
  return {encoded(reply)};
}

}  // namespace m8::dns::test
