#include "http/proxy_search.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <poll.h>

#include "net/socket.h"

namespace m8::http {
namespace {

constexpr int kPatienceMs = 50;

/// One address of one proxy, being dialled.
struct Dial {
  const Proxy* proxy;
  net::SocketAddress to;
  Fd fd;
};

/// What look-ups that may end after the search share with it.
struct Names {
  std::mutex mutex;
  std::condition_variable_any answered;
  std::vector<std::optional<Result<net::HostLookup::Addresses>>> answers;
};

std::shared_ptr<Names> look_up_all(const std::vector<Proxy>& proxies, net::HostLookup& lookup) {
  const auto names = std::make_shared<Names>();
  names->answers.resize(proxies.size());
  for (std::size_t i = 0; i < proxies.size(); ++i) {
    if (const auto ip = net::IpAddress::parse(proxies[i].host); ip.ok()) {
      const std::lock_guard lock(names->mutex);
      names->answers[i] = net::HostLookup::Addresses{*ip};
      continue;
    }
    lookup.lookup(proxies[i].host, [names, i](Result<net::HostLookup::Addresses> found) {
      const std::lock_guard lock(names->mutex);
      names->answers[i] = std::move(found);
      names->answered.notify_all();
    });
  }
  return names;
}

class Search {
 public:
  Search(const std::vector<Proxy>& proxies, net::HostLookup& lookup)
      : proxies_(proxies), names_(look_up_all(proxies, lookup)), taken_(proxies.size()) {}

  /// One turn: begins to dial what was looked up, and looks which dial is through.
  std::optional<Proxy> turn() {
    dial_new();
    std::vector<pollfd> entries;
    for (const Dial& dial : dials_) entries.push_back({dial.fd.get(), POLLOUT, 0});
    (void)::poll(entries.data(), entries.size(), kPatienceMs);
    for (std::size_t i = entries.size(); i-- > 0;) {
      if (entries[i].revents == 0) continue;
      const Status status = net::connect_result(dials_[i].fd.get(), dials_[i].to);
      if (status.ok()) return found(dials_[i]);
      note(*dials_[i].proxy, status.error());
      dials_.erase(dials_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return std::nullopt;
  }
  bool over() const { return dials_.empty() && taken_count_ == proxies_.size(); }
  const std::string& reasons() const { return reasons_; }

 private:
  void dial_new() {
    const std::lock_guard lock(names_->mutex);
    for (std::size_t i = 0; i < proxies_.size(); ++i) {
      if (taken_[i] || !names_->answers[i]) continue;
      taken_[i] = true;
      ++taken_count_;
      const auto& answer = *names_->answers[i];
      if (!answer.ok()) note(proxies_[i], answer.error());
      if (!answer.ok()) continue;
      for (const net::IpAddress& ip : *answer) dial(proxies_[i], {ip, proxies_[i].port});
    }
  }
  void dial(const Proxy& proxy, const net::SocketAddress& to) {
    auto fd = net::tcp_connect(to);
    if (!fd.ok()) return note(proxy, fd.error());
    dials_.push_back({&proxy, to, std::move(fd).value()});
  }
  void note(const Proxy& proxy, const Error& error) {
    reasons_ += fmt::format("{}{}: {}", reasons_.empty() ? "" : "; ", proxy.name(), error.message);
  }
  static Proxy found(const Dial& dial) {
    Proxy proxy = *dial.proxy;
    proxy.addresses = {dial.to};
    return proxy;
  }

  const std::vector<Proxy>& proxies_;
  const std::shared_ptr<Names> names_;  ///< shared with look-ups under way
  std::vector<bool> taken_;
  std::size_t taken_count_ = 0;
  std::vector<Dial> dials_;
  std::string reasons_;
};

}  // namespace

Result<Proxy> first_reachable(const std::vector<Proxy>& proxies, net::HostLookup& lookup,
                              Clock& clock, std::chrono::milliseconds timeout,
                              std::stop_token stop) {
  const SteadyTime deadline = clock.now() + timeout;
  Search search(proxies, lookup);
  while (!stop.stop_requested()) {
    if (auto proxy = search.turn()) return *std::move(proxy);
    if (search.over()) {
      return Error{ErrorCode::kNetwork, "no proxy can be reached: " + search.reasons()};
    }
    if (clock.now() >= deadline) {
      return Error{ErrorCode::kTimeout,
                   fmt::format("no proxy can be reached within {} ms", timeout.count())};
    }
  }
  return Error{ErrorCode::kCancelled, "proxy: cancelled"};
}

}  // namespace m8::http
