#include "dns/resolver_pool.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

#include <fmt/format.h>

#include "base/file.h"
#include "net/socket.h"

namespace m8::dns {
namespace {

/// A resolver that was left alone so long, for its silence, is taken for dead.
constexpr std::chrono::milliseconds kDead{4000};

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

void RoundTrip::sample(std::chrono::duration<double> taken) {
  const double seconds = taken.count();
  if (!sampled_) {
    sampled_ = true;
    mean_ = seconds;
    deviation_ = seconds / 2;
    return;
  }
  deviation_ += (std::abs(seconds - mean_) - deviation_) / 4;
  mean_ += (seconds - mean_) / 8;
}

void RoundTrip::late(SteadyTime now) {
  constexpr double kMostDeviation = 0.5;
  if (!sampled_ || now - last_late_ < overdue_after()) return;
  last_late_ = now;
  deviation_ = std::min(2 * deviation_ + 0.001, kMostDeviation);
}

std::chrono::duration<double> RoundTrip::overdue_after() const {
  return std::chrono::duration<double>(sampled_ ? mean_ + 4 * deviation_ : 1.0);
}

bool Upstream::hoped_for() const {
  if (standing == Standing::kUnvetted) return !given_up;
  return standing == Standing::kGood && (!quarantined || last_quarantine < kDead);
}

Result<ResolverPool> ResolverPool::open(const std::vector<Server>& servers,
                                        const std::vector<Server>& trusted,
                                        std::size_t most_in_flight, SteadyTime now) {
  const std::size_t count = servers.size() + trusted.size();
  if (count == 0) return Error{ErrorCode::kInvalidArgument, "resolvers: none given"};
  if (count >= kNone) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("resolvers: more than {}", kNone - 1)};
  }
  ResolverPool pool;
  pool.has_trusted_ = !trusted.empty();
  pool.only_trusted_ = servers.empty();
  for (std::size_t i = 0; i < count; ++i) {
    const Server& server = i < servers.size() ? servers[i] : trusted[i - servers.size()];
    auto upstream = std::make_unique<Upstream>(server, most_in_flight, now);
    if (server.transport == Transport::kUdp) upstream->socket = M8_TRY(open_socket(server.address));
    upstream->index = static_cast<std::uint16_t>(i);
    upstream->trusted = i >= servers.size();
    pool.upstreams_.push_back(std::move(upstream));
  }
  return pool;
}

bool ResolverPool::fits(const Upstream& upstream, For purpose) const {
  if (upstream.standing != Upstream::Standing::kGood || !upstream.has_room()) return false;
  return purpose == For::kConfirmation ? upstream.trusted : only_trusted_ || !upstream.trusted;
}

bool ResolverPool::has_room() const {
  // From where next() goes on: the first looked at has room unless most are full.
  for (std::size_t i = 0; i < upstreams_.size(); ++i) {
    if (fits(*upstreams_[(cursor_ + 1 + i) % upstreams_.size()], For::kAnything)) return true;
  }
  return false;
}

Upstream* ResolverPool::next(std::uint16_t avoid, For purpose, Spoken spoken) {
  for (std::size_t tried = 0; tried < upstreams_.size(); ++tried) {
    if (++cursor_ >= upstreams_.size()) cursor_ = 0;
    Upstream* upstream = upstreams_[cursor_].get();
    if (!fits(*upstream, purpose) || spoken.contains(upstream->index)) continue;
    if (upstream->index != avoid || !has_alternative(*upstream, spoken)) return upstream;
  }
  return nullptr;
}

Upstream* ResolverPool::next_reliable(std::uint16_t avoid, For purpose, Spoken spoken) {
  constexpr int kLooks = 8;
  Upstream* best = next(avoid, purpose, spoken);
  for (int looks = 1; best != nullptr && best->loss > 0 && looks < kLooks; ++looks) {
    Upstream* other = next(avoid, purpose, spoken);
    if (other != nullptr && other->loss < best->loss) best = other;
  }
  return best;
}

bool ResolverPool::has_alternative(const Upstream& upstream, Spoken spoken) const {
  for (const auto& other : upstreams_) {
    if (other->trusted == upstream.trusted && other.get() != &upstream && other->usable() &&
        !spoken.contains(other->index))
      return true;
  }
  return false;
}

ResolverPool::Others ResolverPool::others(Spoken spoken) const {
  Others best = Others::kNone;
  for (std::size_t i = 0; i < upstreams_.size(); ++i) {
    const Upstream& upstream = *upstreams_[(cursor_ + 1 + i) % upstreams_.size()];
    if (spoken.contains(upstream.index)) continue;
    if (fits(upstream, For::kAnything)) return Others::kNow;
    if (upstream.trusted == only_trusted_ && upstream.hoped_for()) best = Others::kLater;
  }
  return best;
}

}  // namespace m8::dns
