#include "http/proxy_handshake.h"

#include <utility>

#include <fmt/format.h>

#include "base/hash.h"

namespace m8::http {
namespace {

constexpr char kSocks = 5;
constexpr char kLoginVersion = 1;
constexpr char kNoLogin = 0;
constexpr char kByPassword = 2;
constexpr char kConnectCommand = 1;
constexpr std::size_t kMaxHead = 64u << 10;

enum AddressType : char { kV4 = 1, kName = 3, kV6 = 4 };

void append_port(std::string& bytes, std::uint16_t port) {
  bytes += static_cast<char>(port >> 8);
  bytes += static_cast<char>(port & 0xff);
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string connect_request(const Proxy& proxy, const ProxyGoal& goal) {
  const std::string to = fmt::format("{}:{}", bracketed(goal.host), goal.port);
  std::string bytes = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", to);
  const std::string login = proxy_authorization(proxy);
  if (!login.empty()) bytes += "Proxy-Authorization: " + login + "\r\n";
  return bytes + "\r\n";
}

struct Refusal {
  ErrorCode code;
  const char* reason;
};

/// RFC 1928 6.
Refusal refusal_of(unsigned reply) {
  switch (reply) {
    case 2:
      return {ErrorCode::kDenied, "its rules forbid this target"};
    case 3:
      return {ErrorCode::kRefused, "the target's network is unreachable"};
    case 4:
      return {ErrorCode::kRefused, "the target is unreachable"};
    case 5:
      return {ErrorCode::kRefused, "the target refused the connection"};
    case 6:
      return {ErrorCode::kTimeout, "the target did not answer in time"};
    default:
      return {ErrorCode::kNetwork, "it can't connect to the target"};
  }
}

}  // namespace

std::string proxy_authorization(const Proxy& proxy) {
  if (!proxy.has_login()) return {};
  return "Basic " + base64_encode(proxy.user + ":" + proxy.password);
}

ProxyHandshake::ProxyHandshake(const Proxy& proxy, ProxyGoal goal)
    : proxy_(proxy),
      goal_(std::move(goal)),
      state_(proxy.is_socks() ? State::kMethod : State::kConnect),
      parser_({.head_request = true, .max_head = kMaxHead}) {
  if (!proxy.is_socks()) {
    output_ = connect_request(proxy, goal_);
  } else if (proxy.has_login()) {
    output_ = {kSocks, 2, kNoLogin, kByPassword};
  } else {
    output_ = {kSocks, 1, kNoLogin};
  }
}

Error ProxyHandshake::error(ErrorCode code, std::string_view reason) const {
  return {code, fmt::format("proxy {}: {}", proxy_.name(), reason)};
}

Status ProxyHandshake::feed(std::string_view bytes) {
  if (state_ == State::kConnect) return feed_connect(bytes);
  input_ += bytes;
  while (!through() && M8_TRY(step())) {
  }
  if (through() && !input_.empty()) {
    return error(ErrorCode::kProtocol, "it sends more than its answer");
  }
  return {};
}

Status ProxyHandshake::feed_connect(std::string_view bytes) {
  const auto used = parser_.feed(bytes);
  if (!used.ok()) return error(ErrorCode::kProtocol, used.error().message);
  if (!parser_.done()) return {};
  const Response& answer = parser_.response();
  const std::string said = fmt::format("{} {}", answer.status, answer.reason);
  if (answer.status == 407 || answer.status == 401) {
    return error(ErrorCode::kDenied, fmt::format("it wants another login ({})", answer.status));
  }
  if (answer.status == 403) return error(ErrorCode::kDenied, "it forbids this target: " + said);
  if (answer.status / 100 != 2) return error(ErrorCode::kNetwork, "no way to the target: " + said);
  if (*used < bytes.size()) return error(ErrorCode::kProtocol, "it sends more than its answer");
  state_ = State::kThrough;
  return {};
}

/// Takes one message off the input. False if it is not complete.
Result<bool> ProxyHandshake::step() {
  switch (state_) {
    case State::kMethod:
      return on_method();
    case State::kLogin:
      return on_login();
    default:
      return on_reply();
  }
}

Result<bool> ProxyHandshake::on_method() {
  if (input_.size() < 2) return false;
  if (input_[0] != kSocks) return error(ErrorCode::kProtocol, "it does not speak SOCKS5");
  const char method = input_[1];
  input_.erase(0, 2);
  if (method == kNoLogin) {
    ask_to_connect();
    return true;
  }
  if (method != kByPassword || !proxy_.has_login()) {
    return error(ErrorCode::kDenied, "it wants a login");
  }
  output_ = {kLoginVersion, static_cast<char>(proxy_.user.size())};
  output_ += proxy_.user;
  output_ += static_cast<char>(proxy_.password.size());
  output_ += proxy_.password;
  state_ = State::kLogin;
  return true;
}

Result<bool> ProxyHandshake::on_login() {
  if (input_.size() < 2) return false;
  const bool good = input_[1] == 0;
  input_.erase(0, 2);
  if (!good) return error(ErrorCode::kDenied, "it refuses the login");
  ask_to_connect();
  return true;
}

/// A name is at most 255 bytes here: longer ones are no DNS names, and are cut.
void ProxyHandshake::ask_to_connect() {
  output_ = {kSocks, kConnectCommand, 0};
  if (goal_.ip) {
    output_ += goal_.ip->is_v4() ? kV4 : kV6;
    output_.append(reinterpret_cast<const char*>(goal_.ip->data()), goal_.ip->size());
  } else {
    const std::string_view name = std::string_view(goal_.host).substr(0, 255);
    output_ += kName;
    output_ += static_cast<char>(name.size());
    output_ += name;
  }
  append_port(output_, goal_.port);
  state_ = State::kReply;
}

Result<bool> ProxyHandshake::on_reply() {
  if (input_.size() < 5) return false;
  if (input_[0] != kSocks) return error(ErrorCode::kProtocol, "it does not speak SOCKS5");
  const auto reply = static_cast<unsigned char>(input_[1]);
  if (reply != 0) {
    const Refusal refusal = refusal_of(reply);
    return error(refusal.code, refusal.reason);
  }
  std::size_t size = 4 + 2;
  if (input_[3] == kV4) {
    size += 4;
  } else if (input_[3] == kV6) {
    size += 16;
  } else if (input_[3] == kName) {
    size += 1u + static_cast<unsigned char>(input_[4]);
  } else {
    return error(ErrorCode::kProtocol, "it answers with an address of unknown type");
  }
  if (input_.size() < size) return false;
  input_.erase(0, size);
  state_ = State::kThrough;
  return true;
}

}  // namespace m8::http
