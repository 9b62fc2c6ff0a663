/// AmqpConnection: one connection to a broker with its channels, on a thread of its own; made again
/// when it breaks.
///
/// Functions of the first part may be called by any thread, the others on the connection's own:
/// from its roles, its channels' callbacks, and posted tasks.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "net/poller.h"
#include "queue/amqp_channel.h"
#include "queue/amqp_stream.h"
#include "queue/amqp_url.h"
#include "queue/registry.h"

namespace m8::queue::amqp {

/// What a connection carries. Called on its thread.
class Role {
 public:
  virtual ~Role() = default;
  /// The connection is there, and what was declared is declared again.
  virtual void up() {}
  /// It broke; channels were told before. It will be made again.
  virtual void down(const Error&) {}
  /// It will not be made again: it was closed, or could not be made often enough.
  virtual void given_up(const Error&) {}
  /// Once in each turn of the loop: what other threads handed over goes out now.
  virtual void turn() {}
  /// The broker stopped or began again to take messages.
  virtual void blocked(bool) {}
};

struct ConnectionStats {
  std::uint64_t reconnects = 0, blocks = 0;
  std::uint64_t channels_opened = 0, channels_closed = 0;
  std::size_t channels_open = 0;
  bool connected = false, blocked = false;
};

class AmqpConnection {
 public:
  /// \p declared is shared by a broker's connections and borrowed, as are \p clock and the roles
  /// (add_role() before start()).
  AmqpConnection(AmqpUrl url, BrokerOptions options, Guarded<Topology>& declared, Clock& clock);
  /// Sends what waits, says good-bye, ends the thread.
  ~AmqpConnection();

  void add_role(Role& role) { roles_.push_back(&role); }
  /// Starts the thread. \p patient: the first try that fails is no error, but tried again.
  Status start(bool patient);
  /// Waits for the verdict of the first try.
  Status wait_first(std::stop_token stop);
  /// Runs \p task on the thread.
  void post(std::function<void()> task) { poller_->post(std::move(task)); }
  /// Makes the next turn come now.
  void wake() { poller_->wake(); }
  /// Asks for the end; nothing is made again. Idempotent.
  void close();
  ConnectionStats stats() const { return *stats_.lock(); }
  std::string product() const { return *product_.lock(); }
  const AmqpUrl& url() const { return url_; }
  const BrokerOptions& options() const { return options_; }

  // ---- on its thread ----
  /// Between up() and down().
  bool is_up() const { return up_; }
  bool is_blocked() const { return blocked_; }
  /// Set once it will not be made again.
  const std::optional<Error>& end() const { return end_; }
  net::Poller& poller() { return *poller_; }
  /// Where frames are appended; they go out at the end of the turn. REQUIRES: is_up().
  std::string& out() { return stream_->outgoing(); }
  std::size_t backlog() const { return stream_ ? stream_->backlog() : 0; }
  std::uint32_t frame_max() const { return frame_max_; }
  /// Opens \p channel, which is borrowed until it is lost or detached. Requests may follow at once.
  /// kNetwork while the connection is down, kExhausted if all numbers are in use.
  Status attach(AmqpChannel& channel);
  /// Closes \p channel and lets go of it: nothing of it is called any more. \p closed is called
  /// when the broker has closed it, too, and given back what it held.
  void detach(AmqpChannel& channel, std::function<void()> closed = {});

 private:
  enum class Phase { kIdle, kStart, kTune, kOpen, kUp, kClosing };
  struct Slot {
    AmqpChannel* channel = nullptr;
    bool closing = false;  ///< we closed it, and wait for the answer
    std::function<void()> closed{};
    std::optional<Content> content{};  ///< of a message that is arriving
    MethodId content_of = MethodId::kNone;
    bool headed = false;  ///< its header was there
    std::uint64_t body_left = 0;
  };

  void run(std::stop_token stop);
  void turn();
  void say_goodbye();
  void connect();
  void try_address();
  void reconnect_later();
  void failed(const Error& why);
  void break_down(const Error& why);
  void give_up(const Error& why);
  void set_verdict(Status verdict);
  void beat();

  Status take_frames();
  Status take_frame(const Frame& frame);
  Status take_method(std::uint16_t channel, const Method& method);
  Status take_own_method(const Method& method);
  Status take_channel_method(Slot& slot, std::uint16_t channel, const Method& method);
  Status take_header(Slot& slot, std::string_view payload);
  void take_body(Slot& slot, std::string_view payload);
  void content_done(Slot& slot);
  void start_login(const Method& start);
  void tune(Method tune);
  void opened();
  void redeclare();
  void roles_up();
  void free_slot(Slot& slot);

  const AmqpUrl url_;
  const BrokerOptions options_;
  Guarded<Topology>& declared_;
  Clock& clock_;
  std::vector<Role*> roles_;
  std::unique_ptr<net::Poller> poller_;
  std::shared_ptr<net::TlsContext> tls_;  ///< shared with its streams
  std::unique_ptr<AmqpStream> stream_;
  Decoder decoder_;
  Phase phase_ = Phase::kIdle;
  bool up_ = false, blocked_ = false, patient_ = false, was_up_ = false;
  std::optional<Error> end_;
  std::optional<Error> broken_;  ///< to be dealt with at the end of the turn
  std::vector<net::SocketAddress> addresses_;
  std::size_t next_address_ = 0;
  int tries_ = 0;  ///< to connect, that failed in a row
  std::uint32_t frame_max_ = kFrameMax;
  std::uint16_t channel_max_ = 2047, heartbeat_ = 0;
  std::uint64_t connect_timer_ = 0, beat_timer_ = 0, reconnect_timer_ = 0;
  std::uint64_t sent_at_beat_ = 0, received_at_beat_ = 0;
  int silent_beats_ = 0;
  std::vector<Slot> slots_;  ///< by channel number
  std::unique_ptr<AmqpChannel> declaring_;
  Guarded<ConnectionStats> stats_;
  Guarded<std::string> product_;
  std::mutex verdict_mutex_;
  std::condition_variable_any verdict_there_;
  std::optional<Status> verdict_;
  std::jthread thread_;
};

}  // namespace m8::queue::amqp
