/// Resolver: asks many questions at once over UDP, and over TCP what does not fit.
///
/// One thread runs it, inside a net::Poller. An answer counts only if it comes from the address
/// asked (connected sockets), with the id and the question of the query. What is lost, refused or
/// malformed is asked again, of another resolver if there is one. Every question that was taken
/// ends in exactly one reply. Nothing is allocated for a question that is answered over UDP.
///
/// Several resolvers: one that loses much is asked little (SendWindow), a silent one not at all for
/// a while; an answer that is overdue is asked for elsewhere at once. With `check` each has to pass
/// canaries before it is asked anything, and an answer is given out only when three canaries sent
/// after it came back honest; everything that a resolver caught lying said since is asked again
/// elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/canary.h"
#include "dns/datagrams.h"
#include "dns/inflight.h"
#include "dns/resolver_pool.h"
#include "dns/tcp_exchange.h"
#include "net/poller.h"
#include "net/rate_limiter.h"

namespace m8::dns {

struct ResolverOptions {
  std::vector<Server> servers;  ///< at least one, here or in `trusted`
  /// Asked to confirm what the others find: their word is what counts. Not for the rest, unless
  /// there are no others.
  std::vector<Server> trusted;
  /// Check resolvers with canaries; no effect on trusted ones, nor on a single one.
  bool check = false;
  /// Questions in flight, 1..32768. The windows of the resolvers find less if less is faster.
  std::size_t in_flight = 100;
  int attempts = 2;                         ///< 1..255, the first included
  std::chrono::milliseconds timeout{3000};  ///< of each attempt
  net::Rate rate;                           ///< queries per second, retries included
  net::Rate zone_rate;                      ///< the same for each registrable domain
  /// Bytes of answer taken over UDP (RFC 6891; 1232 never fragments). Servers work more for EDNS
  /// (NSD 6 % on an A record), so it is asked with where the answer may be long (TXT, ANY), and
  /// elsewhere once 512 bytes were too few. 0: never, TCP has what is longer.
  std::uint16_t edns_payload = 1232;
  bool recursion_desired = true;
  /// Random case in the query, to be repeated by the answer: harder to forge (draft-vixie 0x20).
  bool mix_case = false;
  std::string more_ca;  ///< file of further certificates for DNS over TLS and HTTPS; may be empty
};

/// How a question ended.
enum class Fate : std::uint8_t {
  kAnswered,   ///< with any rcode
  kTimeout,    ///< no answer in any attempt
  kNetwork,    ///< the last attempt met a closed port or an unreachable network
  kMalformed,  ///< the last attempt brought a malformed answer
};

/// "timeout", "network", "malformed"; "answered".
const char* to_string(Fate fate);

/// The end of a question. Views are borrowed for the call.
struct Reply {
  std::uint64_t token = 0;
  Fate fate = Fate::kTimeout;
  std::string_view server;                  ///< "192.0.2.1:53", the last one asked
  bool vouched = false;                     ///< by a trusted resolver, or there are none
  std::uint16_t who = ResolverPool::kNone;  ///< the same, for ask()
  // For kAnswered:
  Bytes message;
  Header header;
  std::size_t answers_at = 0;  ///< where the answer section begins; its records are well-formed

  Rcode rcode() const { return header.rcode(); }
  RecordCursor answers() const { return {message, answers_at, header.answers}; }
};

class Resolver {
 public:
  /// Canaries that a resolver has to answer before it is asked anything else. One that lies to a
  /// tenth of the questions passes in one of 30 cases, and is caught later.
  static constexpr std::size_t kVetting = 32;

  class Client {
   public:
    virtual ~Client() = default;
    /// A question ended. May ask().
    virtual void replied(const Reply& reply) = 0;
    /// There may be room again: the moment to ask() what waits. Called after each batch of replies.
    virtual void room() = 0;
  };

  struct Counts {
    std::uint64_t sent = 0;      ///< queries, retries included
    std::uint64_t received = 0;  ///< datagrams and TCP answers
    std::uint64_t retried = 0;
    std::uint64_t timeouts = 0;  ///< attempts that timed out
    std::uint64_t stray = 0;     ///< late, wrong id, wrong question, no response: dropped
    std::uint64_t malformed = 0;
    std::uint64_t truncated = 0;  ///< asked again over TCP
    std::uint64_t canaries = 0;   ///< sent; part of `sent`
    std::uint64_t liars = 0;      ///< resolvers caught lying
    std::uint64_t doubted = 0;    ///< answers of liars that were asked again elsewhere
    std::uint64_t quarantines = 0;
  };

  /// \p poller, \p client and \p clock are borrowed and must outlive the resolver. Errors of
  /// ResolverPool::open(); kInvalidArgument for options out of range.
  static Result<std::unique_ptr<Resolver>> create(const ResolverOptions& options,
                                                  net::Poller& poller, Client& client,
                                                  Clock& clock);
  ~Resolver();
  Resolver(const Resolver&) = delete;

  /// Whether a question can be taken now. When not, Client::room() tells of the next chance.
  bool has_room();
  /// Takes a question; \p token comes back with the reply. Never asked of \p spoken (Reply::who):
  /// should those be the only ones left the reply is a kTimeout. False if \p name can't be put into
  /// a query. REQUIRES: has_room(), and with \p spoken others() == kNow.
  bool ask(std::string_view name, RrType type, std::uint64_t token, Spoken spoken = {});
  /// Whether others than \p spoken may be asked. After kLater, Client::room() is the moment to look
  /// again.
  ResolverPool::Others others(Spoken spoken);
  /// Sends what was asked since the last turn. Replies and room() are followed by it by themselves.
  void flush();

  /// Questions without a reply yet.
  std::size_t pending() const { return table_.used() - canaries_out_; }
  /// The most that can be pending: those in flight, and with `check` those that are held.
  std::size_t capacity() const;
  const Counts& counts() const { return counts_; }
  const std::vector<Server>& servers() const {
    return options_.servers.empty() ? options_.trusted : options_.servers;
  }
  /// kNetwork if no resolver ever answered and many attempts failed, or very many failed since the
  /// last answer, and not all in one moment; kProtocol if every one was caught lying: going on
  /// would only be waiting.
  Status hopeless() const;

 private:
  using Index = InflightTable::Index;
  using Slot = InflightTable::Slot;
  static constexpr std::size_t kMostTcp = 128;

  Resolver(const ResolverOptions& options, net::Poller& poller, Client& client, Clock& clock,
           ResolverPool pool);
  Status watch();
  Status open_streams();
  bool rate_allows();
  /// False if the question has to wait for its zone's turn: it is parked.
  bool zone_allows(Index index, std::string_view name);
  void mix_case(Slot& slot);
  void enqueue(Index index, Upstream& upstream);
  void fill_batch(std::vector<Index>& queue, std::size_t from, bool by_size);
  void send(Upstream& upstream);
  void mark_sent(Upstream& upstream, std::size_t from, std::size_t count);
  void ready(Upstream& upstream, std::uint32_t events);
  void receive(Upstream& upstream);
  void accept(Upstream& upstream, Bytes message, bool cut_off);
  bool answers(Bytes message, const Header& header, const Slot& slot) const;
  void stream_answered(Upstream& upstream, Bytes message);
  void stream_failed(Upstream& upstream, std::uint16_t id);
  void judge(Index index, Bytes message, const Header& header);
  bool retry_without_edns(Index index, const Header& header);
  /// The port is closed: everything sent to it has failed.
  void refused(Upstream& upstream);
  /// An attempt came to nothing: asks again or replies.
  void attempt_failed(Index index, Fate fate);
  void count_failure(Index index, Fate fate);
  void ask_again(Index index);
  /// When an attempt sent now is overdue.
  SteadyTime due(const Upstream& upstream, const Slot& slot, SteadyTime now) const;
  void serve_retries();
  /// Frees the slot and gives the client its reply.
  void finish(Index index, Reply reply);
  void truncated(Index index, bool cut_off);
  /// Asks for more bytes over UDP before TCP. False if that was done, or can't be.
  bool retry_with_edns(Index index);
  void start_tcp(Index index);
  void tcp_done(Index index, Result<std::string> answer);
  void next_tcp();
  void overdue(Index index);
  void tick();
  void arm_tick();
  void refill();

  // Health and honesty, in resolver_health.cc.
  bool checked(const Upstream& upstream) const { return checking_ && !upstream.trusted; }
  bool wants_confirmation(const Slot& slot, const Header& header) const;
  void fared(Upstream& upstream, bool well);
  void quarantine(Upstream& upstream);
  void end_quarantines();
  void hold(Index index, Bytes message);
  void release(const std::vector<Index>& indices);
  void doubt(std::vector<Index>& indices);
  /// Everything that the resolver said and was not given out yet.
  void doubt_all(Upstream& upstream);
  /// Sends a canary for what is held and for what needs more of them.
  void cover(Upstream& upstream);
  void vet();
  bool send_canary(Upstream& upstream);
  void canary_answered(Index index, Bytes message, bool well_formed);
  void canary_lost(Index index);
  void canary_ended(Upstream& upstream);
  void caught(Upstream& upstream);
  void check_resolvers();

  const ResolverOptions options_;
  net::Poller& poller_;
  Client& client_;
  Clock& clock_;
  ResolverPool pool_;
  InflightTable table_;
  ReceiveBatch incoming_;
  SendBatch outgoing_;
  std::vector<Upstream*> to_flush_;
  std::deque<Index> retries_;
  std::unordered_map<Index, std::unique_ptr<TcpExchange>> tcp_;
  std::deque<Index> tcp_waiting_;                           ///< for one of the kMostTcp connections
  std::vector<std::unique_ptr<TcpExchange>> tcp_finished_;  ///< to be destroyed at the next tick
  std::optional<net::RateLimiter> limiter_, zone_limiter_;
  std::optional<SteadyTime> reserved_;  ///< the moment for the next query, under a rate
  std::uint64_t tick_timer_ = 0;
  SteadyTime now_{};  ///< read once per batch
  std::uint64_t answers_ = 0;
  std::uint64_t failures_since_answer_ = 0, refusals_since_answer_ = 0;
  SteadyTime silent_since_{};  ///< of the first of these failures
  SteadyTime lost_of_late_{};  ///< when the newest of the attempts that failed was sent
  bool checking_ = false;
  Canaries canaries_;
  std::size_t canaries_out_ = 0;
  std::size_t held_ = 0;    ///< slots whose answer is held
  std::size_t parked_ = 0;  ///< slots that wait for their zone's turn
  std::size_t quarantined_ = 0;
  std::vector<std::string> held_messages_;            ///< by slot
  std::vector<Canaries::Question> canary_questions_;  ///< by slot
  Counts counts_;
};

}  // namespace m8::dns
