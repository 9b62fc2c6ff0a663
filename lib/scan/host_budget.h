/// HostBudget: how many errors a host may cost before it is left alone (templates.md 12.3), and how
/// many templates may run on it at once.
///
/// A refused connection or an unknown name drops the host at once; resets and time-outs count until
/// an answer comes. Thread-safe; remembers the hosts used last, bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/guarded.h"
#include "base/hash.h"
#include "base/result.h"
#include "net/url.h"

namespace m8::scan {

class HostBudget {
 public:
  struct Options {
    bool enabled = true;             ///< false: -nmhe, nothing is ever dropped
    int max_errors = 30;             ///< -mhe: consecutive temporary errors
    std::size_t max_hosts = 10'000;  ///< remembered at least; at most twice as many
    int max_running = 0;             ///< templates at once, of all its targets; 0: any number
  };
  /// A host that has just been dropped.
  struct Dropped {
    std::string reason;         ///< "unresponsive permanently: ..." or "unresponsive 30 times"
    bool had_answered = false;  ///< then something was lost
  };

  explicit HostBudget(Options options) : options_(options) {}

  /// "host:port" with the default port filled in.
  static std::string key(const net::Url& url);
  /// The same in \p room, which keeps its memory for the next time. The view is of \p room.
  static std::string_view key(const net::Url& url, std::string& room);

  bool may_send(std::string_view key);
  bool has_answered(std::string_view key);
  /// Takes a place for a template on the host; false if there is none. Of each place that was
  /// taken, leave() is called once.
  bool enter(std::string_view key);
  void leave(std::string_view key);
  /// Resets the count. True at the host's first answer.
  bool answered(std::string_view key);
  /// Counts \p error, if it is one of the host's. Says so once, when this drops the host.
  std::optional<Dropped> failed(std::string_view key, const Error& error);

 private:
  struct Entry {
    int errors = 0;
    int running = 0;
    bool dropped = false;
    bool answered = false;
  };
  using Table = std::unordered_map<std::string, Entry, SeededHash, std::equal_to<>>;
  /// Two generations: when the young one is full, the old one is forgotten.
  struct State {
    Table young, old;
  };
  Entry& entry(State& state, std::string_view key) const;
  const Entry* find(const State& state, std::string_view key) const;

  const Options options_;
  Guarded<State> state_;
};

}  // namespace m8::scan
