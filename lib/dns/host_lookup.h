/// HostLookup: addresses of host names for whoever connects (net/resolve.h), through our resolvers.
///
/// Address texts, localhost (RFC 6761 6.3) and /etc/hosts are answered at once, then a cache
/// bounded in size, then, if there is one, the cache of other processes, then the resolvers.
/// Questions for one host at the same time are asked once. Threads: lookup() from any; one thread
/// of its own asks, and calls back.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/hash.h"
#include "dns/hosts_file.h"
#include "dns/resolver.h"
#include "dns/shared_answers.h"
#include "net/poller.h"
#include "net/resolve.h"

namespace m8::dns {

/// Which addresses a lookup gives.
enum class AddressFamily {
  kAny,     ///< IPv4 if the host has any, else IPv6
  kV4Only,  ///< -4
  kV6Only,  ///< -6
};

struct HostLookupOptions {
  /// Servers, attempts, timeout; in_flight bounds the questions at a time.
  ResolverOptions resolver;
  AddressFamily family = AddressFamily::kAny;
  HostsTable hosts;                     ///< of /etc/hosts; may be empty
  std::size_t cache_entries = 65536;    ///< the oldest go first
  std::size_t most_waiting = 1u << 20;  ///< hosts waiting for their answer; beyond it kExhausted
  std::chrono::seconds longest_ttl{3600};
  std::chrono::seconds denial_ttl{60};   ///< how long "no such name" is believed
  std::chrono::seconds failure_ttl{10};  ///< how long a time-out is not tried again
  /// What other processes have learned from the same resolvers; borrowed. Null: nothing is shared.
  cache::Backend* shared = nullptr;
};

class HostLookup final : public net::HostLookup, Resolver::Client {
 public:
  /// Errors of Resolver::create(). \p clock is borrowed.
  static Result<std::unique_ptr<HostLookup>> create(HostLookupOptions options, Clock& clock);
  /// Ends what waits with kCancelled.
  ~HostLookup() override;

  void lookup(const std::string& host, Callback done) override;

 private:
  struct Cached {
    Result<Addresses> result;
    SteadyTime expires;
  };
  struct Cache {
    std::unordered_map<std::string, Cached, SeededHash, std::equal_to<>> entries;
    std::deque<std::string> order;  ///< each entry once, oldest first
  };
  /// A host that is being asked for. Loop thread only.
  struct Question {
    std::vector<Callback> waiting;
    RrType type = RrType::kA;
  };

  HostLookup(HostLookupOptions options, net::Poller poller, Clock& clock);
  void run(std::stop_token stop);
  bool answer_at_once(const std::string& host, const Callback& done);
  void start(std::string host, Callback done);
  void cancel(const std::string& host, const Callback& done);
  void replied(const Reply& reply) override;
  void room() override;
  void queue(std::uint64_t token);
  void shared_answer(std::uint64_t token, std::optional<SharedAnswer> answer,
                     std::chrono::seconds ttl);
  void share(const std::string& host, const Result<Addresses>& result, std::chrono::seconds ttl);
  void finish(std::uint64_t token, Result<Addresses> result, std::chrono::seconds ttl);
  void remember(const std::string& host, const Result<Addresses>& result, std::chrono::seconds ttl);
  Result<Addresses> failure(const std::string& host, const Reply& reply) const;

  const HostLookupOptions options_;
  Clock& clock_;
  net::Poller poller_;
  std::unique_ptr<Resolver> resolver_;
  Guarded<Cache> cache_;
  std::atomic<std::size_t> waiting_count_{0};
  std::unique_ptr<SharedAnswers> shared_;
  std::atomic<std::size_t> shared_asked_{0};  ///< not yet answered
  std::unordered_map<std::string, std::uint64_t, SeededHash, std::equal_to<>> tokens_;
  std::unordered_map<std::uint64_t, std::pair<std::string, Question>> questions_;
  std::deque<std::uint64_t> to_ask_;
  std::uint64_t next_token_ = 0;
  bool ending_ = false;
  std::jthread thread_;
};

}  // namespace m8::dns
