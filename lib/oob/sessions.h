/// Sessions: the registered clients of an interaction server and what came for each, in bounded
/// memory (protocols 10.3-10.5).
///
/// Thread-safe. Interactions are kept as they are and encrypted when they are fetched.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "model/interaction.h"

namespace m8::oob {

struct SessionLimits {
  std::size_t max_sessions = 10'000;
  std::size_t max_per_session = 10'000;       ///< interactions that wait; the oldest goes first
  std::size_t max_session_bytes = 16u << 20;  ///< and their bytes
  std::size_t max_bytes = 256u << 20;         ///< of all; the oldest of all goes first
  std::chrono::milliseconds max_idle{24 * 3600 * 1000};  ///< since a client last asked
};

class Sessions {
 public:
  struct Registration {
    std::string correlation_id, secret, public_key;
  };
  /// What a poll is answered with.
  struct Batch {
    std::vector<std::string> data;  ///< base64 of sealed interactions, oldest first
    std::string aes_key;            ///< base64 of the sealed key
  };
  struct Counters {
    std::size_t sessions = 0, waiting = 0, bytes = 0;  ///< now
    std::uint64_t recorded = 0, unknown = 0, dropped = 0, fetched = 0;
  };

  /// \p clock is borrowed.
  Sessions(SessionLimits limits, Clock& clock) : limits_(limits), clock_(clock) {}

  /// Adds a client; one that is there with the same secret stays. kInvalidArgument for an id or a
  /// key that is none, kExists if another has the id, kExhausted if there are too many.
  Status add(Registration registration);
  /// Takes what has come. kNotFound for an unknown id, kDenied for a wrong secret.
  Result<Batch> fetch(std::string_view correlation_id, std::string_view secret);
  /// kNotFound, kDenied.
  Status remove(std::string_view correlation_id, std::string_view secret);
  /// Keeps \p interaction for the client that made its URL; false if there is none.
  bool record(const model::Interaction& interaction);
  Counters counters() const;

 private:
  struct Item {
    std::string correlation_id, json;
  };
  using Items = std::list<Item>;
  struct Session {
    std::string secret, aes_key, sealed_key;
    SteadyTime used{};
    std::deque<Items::iterator> items;
    std::size_t bytes = 0;
  };
  using Table = std::unordered_map<std::string, Session, SeededHash, std::equal_to<>>;

  Result<Table::iterator> find(std::string_view correlation_id, std::string_view secret);
  void drop_oldest(Session& session);
  void erase(Table::iterator session);
  void expire();

  const SessionLimits limits_;
  Clock& clock_;
  mutable std::mutex mutex_;
  Items items_;  ///< of all clients, oldest first
  Table sessions_;
  SteadyTime next_expiry_{};
  Counters counters_;
};

}  // namespace m8::oob
