/// Correlator: makes interaction URLs, and brings interactions and the requests that held their
/// URLs together, whichever comes first (protocols 10.7).
///
/// Both sides wait in tables that are bounded by number, bytes and age; what is oldest goes first.
/// Thread-safe. Waiting is called without a lock held, on the thread that brought the second half.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "model/interaction.h"

namespace m8::oob {

struct CorrelatorOptions {
  std::size_t max_requests = 5000;            ///< -interactions-cache-size
  std::chrono::milliseconds max_age{60'000};  ///< -interactions-eviction
  std::size_t max_request_bytes = 64u << 20;  ///< of requests and answers that wait
  std::size_t max_interactions = 5000;        ///< that nothing was found with yet
  std::size_t max_interaction_bytes = 16u << 20;
};

class Correlator {
 public:
  /// Held by whoever works on an interaction; drain() waits until none is left.
  using Ticket = std::shared_ptr<const void>;

  /// A request that used URLs, with all that is needed to judge it again.
  class Waiting {
   public:
    virtual ~Waiting() = default;
    /// \p interaction used one of its URLs. Must not block; may be called for several at once.
    virtual void called(std::shared_ptr<const model::Interaction> interaction, Ticket ticket) = 0;
    /// About what it keeps alive, in bytes.
    virtual std::size_t bytes() const = 0;
  };

  struct Counts {
    std::uint64_t urls = 0;              ///< made
    std::uint64_t interactions = 0;      ///< delivered
    std::uint64_t evicted = 0;           ///< requests that went before their time, for want of room
    std::size_t waiting = 0, early = 0;  ///< requests and ids with interactions, now
  };

  /// \p clock is borrowed. URLs start with \p correlation_id and end with \p domain.
  Correlator(std::string correlation_id, std::string domain, CorrelatorOptions options,
             Clock& clock);

  /// "<33 characters>.<domain>", a new one each time.
  std::string new_url();
  const std::string& domain() const { return domain_; }
  /// The first label of a URL made here.
  static std::string id_of(const std::string& url) { return url.substr(0, url.find('.')); }

  /// \p waiting is to hear of what uses the URLs of \p ids, in place of what was held for them. It
  /// is called at once for what has come already.
  void hold(const std::vector<std::string>& ids, const std::shared_ptr<Waiting>& waiting);
  /// An interaction came in; those with an unknown id wait for their request.
  void deliver(model::Interaction interaction);
  /// Something was found with \p id: nothing more is wanted for it.
  void settle(const std::string& id);

  /// Waits until no ticket is out, for at most \p limit. False if it was too short, or \p stop
  /// came first.
  bool drain(std::chrono::milliseconds limit, std::stop_token stop);
  /// Forgets all requests and interactions.
  void clear();
  Counts counts() const;

 private:
  using Interactions = std::vector<std::shared_ptr<const model::Interaction>>;
  /// What waits under an id, in order of age.
  template <typename Value>
  struct Table {
    struct Entry {
      std::string id;
      Value value;
      SteadyTime since{};
      std::size_t bytes = 0;
    };
    std::list<Entry> entries;  ///< oldest first
    std::unordered_map<std::string, typename std::list<Entry>::iterator, SeededHash,
                       std::equal_to<>>
        index;
    std::size_t bytes = 0;

    Entry* find(std::string_view id);
    void put(std::string id, Value value, SteadyTime now, std::size_t size);
    void erase(std::string_view id);
    /// Drops what is older than \p oldest or too much; returns how many of the latter.
    std::size_t trim(SteadyTime oldest, std::size_t most, std::size_t most_bytes);
  };
  struct Tickets {
    std::mutex mutex;
    std::condition_variable_any changed;
    int out = 0;
  };

  void trim();
  Ticket new_ticket();

  const std::string correlation_id_, domain_;
  const CorrelatorOptions options_;
  Clock& clock_;
  std::atomic<std::uint64_t> urls_{0};
  mutable std::mutex mutex_;
  Table<std::shared_ptr<Waiting>> waiting_;
  Table<Interactions> early_;
  std::uint64_t interactions_ = 0, evicted_ = 0;
  std::shared_ptr<Tickets> tickets_ = std::make_shared<Tickets>();  ///< shared with the tickets
};

}  // namespace m8::oob
