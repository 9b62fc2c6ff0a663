#include "dns/resolver_pool.h"

#include <cerrno>

#include <fmt/format.h>

#include "base/file.h"
#include "net/socket.h"

namespace m8::dns {
namespace {

/// Answers of a whole window have to fit: a small one takes 768 bytes of kernel memory.
constexpr int kSocketBuffer = 4 << 20;

Result<Fd> open_socket(const net::SocketAddress& to) {
  const net::SocketAddress any{
      to.ip.is_v4() ? net::IpAddress::v4(0u) : net::IpAddress::v6(std::array<std::uint8_t, 16>{}),
      0};
  Fd fd = M8_TRY(net::udp_bind(any, kSocketBuffer));
  sockaddr_storage storage{};
  const socklen_t size = to.to(storage);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    return Error{ErrorCode::kNetwork, errno_error("resolver " + to.to_string(), errno).message};
  }
  return fd;
}

}  // namespace

Result<ResolverPool> ResolverPool::open(const std::vector<net::SocketAddress>& servers,
                                        std::size_t most_in_flight, SteadyTime now) {
  if (servers.empty()) return Error{ErrorCode::kInvalidArgument, "resolvers: none given"};
  if (servers.size() >= kNone) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("resolvers: more than {}", kNone - 1)};
  }
  ResolverPool pool;
  for (const auto& server : servers) {
    auto upstream = std::make_unique<Upstream>(server, most_in_flight, now);
    upstream->socket = M8_TRY(open_socket(server));
    upstream->index = static_cast<std::uint16_t>(pool.upstreams_.size());
    pool.upstreams_.push_back(std::move(upstream));
  }
  return pool;
}

bool ResolverPool::has_room() const {
  // From where next() goes on: the first looked at has room unless most are full.
  for (std::size_t i = 0; i < upstreams_.size(); ++i) {
    if (upstreams_[(cursor_ + 1 + i) % upstreams_.size()]->has_room()) return true;
  }
  return false;
}

Upstream* ResolverPool::next(std::uint16_t avoid) {
  const bool no_other = upstreams_.size() == 1;
  for (std::size_t tried = 0; tried < upstreams_.size(); ++tried) {
    if (++cursor_ >= upstreams_.size()) cursor_ = 0;
    Upstream* upstream = upstreams_[cursor_].get();
    if (upstream->has_room() && (upstream->index != avoid || no_other)) return upstream;
  }
  return nullptr;
}

}  // namespace m8::dns
