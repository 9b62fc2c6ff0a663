/// Events: what happens now, for those who watch, as server-sent events.
///
/// Thread-safe. The last few thousand events are kept, once for all streams, so that a stream costs
/// little more than its place among them; one that reads too slowly, or comes back too late, is
/// told that it missed some.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "serve/routes.h"

namespace m8::api {

/// What a stream is told; all of it unless \p scan is set.
struct EventFilter {
  std::int64_t scan = 0;  ///< only of this scan, and the stream ends with it
  bool over = false;      ///< it has ended: nothing follows what is said first
};

class Events {
 public:
  explicit Events(Clock& clock, std::size_t kept = 4096) : clock_(clock), kept_(kept) {}

  /// Called after each event, and by beat(): Server::wake(). Set before the first stream.
  void on_event(std::function<void()> wake) { wake_ = std::move(wake); }
  /// \p type "scan", "progress", "finding"; \p json one line. \p scan: whose it is, 0 for nobody's;
  /// \p last: there are no more of this scan.
  void publish(std::string_view type, std::string_view json, std::int64_t scan = 0,
               bool last = false);
  /// Lets streams that were silent say that they are alive: every few seconds.
  void beat();

  /// Id of the newest event so far; 0 if there was none.
  std::uint64_t newest() const;
  /// \p last_id: the last event that the client has seen (Last-Event-ID), or newest().
  /// \p first: what is said at once, an event's data (a snapshot); may be empty.
  std::shared_ptr<serve::Stream> open(EventFilter filter, std::uint64_t last_id,
                                      std::string_view first = {});
  std::size_t streams() const;

 private:
  class Reader;
  struct Event {
    std::uint64_t id = 0;
    std::int64_t scan = 0;
    bool last = false;
    std::shared_ptr<const std::string> text;  ///< as it is sent; shared by the streams amid it
  };

  Clock& clock_;
  const std::size_t kept_;
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::deque<Event> events_;  ///< ids without gaps
  std::uint64_t next_id_ = 1;
  std::size_t streams_ = 0;
};

}  // namespace m8::api
