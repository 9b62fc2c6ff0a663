/// The resolvers that are asked: a connected socket or a stream, a window and a standing for each.
///
/// Connected sockets make the kernel drop what comes from any other address, save it a route
/// look-up for each datagram, and tell us of a closed port at once. One thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "dns/inflight.h"
#include "dns/query_stream.h"
#include "dns/send_window.h"
#include "dns/server.h"
#include "net/poller.h"

namespace m8::dns {

/// How long answers take (RFC 6298 2), and so when one is overdue. Plain value.
class RoundTrip {
 public:
  void sample(std::chrono::duration<double> taken);
  /// One was overdue: more patience (RFC 6298 5.5), or a resolver that becomes slower would never
  /// be heard again. Once for each round trip, whatever was lost in it; samples bring it back.
  void late(SteadyTime now);
  /// Later than nearly every answer. One second before the first sample.
  std::chrono::duration<double> overdue_after() const;

 private:
  SteadyTime last_late_{};
  double mean_ = 0, deviation_ = 0;  ///< seconds
  bool sampled_ = false;
};

/// One resolver. A plain record: the query engine reads and writes it.
struct Upstream final : net::Poller::Handler {
  using Index = InflightTable::Index;
  enum class Standing : std::uint8_t {
    kUnvetted,  ///< not asked for anybody yet: its canaries are under way
    kGood,
    kLiar,  ///< never asked again
  };

  Server server;
  std::string text;                     ///< "192.0.2.1:53"
  Fd socket;                            ///< kUdp
  std::unique_ptr<QueryStream> stream;  ///< kTls, kHttps
  std::uint16_t index = 0;
  SendWindow window;
  RoundTrip round_trip;
  std::size_t in_flight = 0;
  bool edns = true;             ///< false once it was found not to understand EDNS
  bool segments = true;         ///< false once its path was found not to take UDP_SEGMENT
  bool waits_for_room = false;  ///< the socket's send buffer is full: EPOLLOUT is awaited
  std::vector<Index> outgoing;  ///< queued to be sent, in order
  std::function<void(Upstream&, std::uint32_t)> on_ready;

  bool trusted = false;  ///< given as such: never checked, confirms what others say
  Standing standing = Standing::kGood;
  int failures_in_a_row = 0;
  SteadyTime last_answer{};
  double loss = 0;  ///< 0..1, of late
  bool quarantined = false;
  SteadyTime quarantine_ends{};
  std::chrono::milliseconds last_quarantine{0};
  // Canaries:
  int vetted = 0;           ///< canaries answered honestly
  int canaries_out = 0;     ///< under way
  int canaries_lost = 0;    ///< in a row
  bool given_up = false;    ///< no canary came back in all the time that vetting takes
  std::vector<Index> held;  ///< answers that wait for a canary to be sent after they came
  /// Answers, and how many canaries sent after they came were honest.
  struct Covered {
    std::vector<Index> answers;
    int honest = 0;
  };
  std::deque<Covered> covered;  ///< oldest first

  Upstream(Server to, std::size_t most_in_flight, SteadyTime now)
      : server(std::move(to)), text(server.to_string()), window(most_in_flight, now) {}
  void ready(std::uint32_t events) override { on_ready(*this, events); }
  bool has_room() const { return in_flight < window.size() && !waits_for_room && !quarantined; }
  bool usable() const { return standing == Standing::kGood && !quarantined; }
  /// Usable, or it may be soon. False for the liar and the dead.
  bool hoped_for() const;
};

/// Who has spoken on a question (Reply::who): another opinion is not asked of them. 0xffff: nobody.
struct Spoken {
  std::uint16_t first = 0xffff, second = 0xffff;
  bool contains(std::uint16_t who) const { return who == first || who == second; }
};

class ResolverPool {
 public:
  static constexpr std::uint16_t kNone = 0xffff;
  /// Who may be asked: trusted ones confirm, and do the rest too when there are no others.
  enum class For : std::uint8_t { kAnything, kConfirmation };
  /// Whether another opinion can be had.
  enum class Others : std::uint8_t {
    kNow,
    kLater,  ///< full, not vetted yet, or silent for a moment
    kNone,   ///< there are no others, or they lie or are dead
  };

  /// Opens a socket for each UDP server of \p servers and \p trusted (1..65534 in all).
  /// kInvalidArgument for an empty list, kExhausted without descriptors, kNetwork for an
  /// unreachable family.
  static Result<ResolverPool> open(const std::vector<Server>& servers,
                                   const std::vector<Server>& trusted, std::size_t most_in_flight,
                                   SteadyTime now);

  std::size_t size() const { return upstreams_.size(); }
  Upstream& operator[](std::size_t index) { return *upstreams_[index]; }
  const Upstream& operator[](std::size_t index) const { return *upstreams_[index]; }
  bool has_trusted() const { return has_trusted_; }

  bool has_room() const;

  /// The next resolver in turn that has room, never \p avoid unless it is the only one, and never
  /// one of \p spoken; null if none has room. O(1) amortised, O(size) when all are full.
  Upstream* next(std::uint16_t avoid, For purpose, Spoken spoken);
  Upstream* next() { return next(kNone, For::kAnything, {}); }
  /// As next(), but of some in turn the one that loses least: for what was lost before.
  Upstream* next_reliable(std::uint16_t avoid, For purpose, Spoken spoken);
  /// Whether anybody but \p upstream and \p spoken could be asked for the same.
  bool has_alternative(const Upstream& upstream, Spoken spoken = {}) const;
  Others others(Spoken spoken) const;

 private:
  bool fits(const Upstream& upstream, For purpose) const;

  bool has_trusted_ = false, only_trusted_ = false;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
  std::size_t cursor_ = 0;
};

}  // namespace m8::dns
