/// Message and Delivery: what goes through a broker, and what comes out of it.
///
/// Threads: plain values, no shared state.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace m8::queue {

inline constexpr std::size_t kMaxBody = 16u << 20;         ///< bytes of a message's body
inline constexpr std::size_t kMaxHeaders = 64;             ///< number of a message's headers
inline constexpr std::size_t kMaxHeaderBytes = 64u << 10;  ///< of names and values together
inline constexpr std::size_t kMaxName = 255;               ///< bytes of an id, type, queue, key

/// Name and value. Names are those of the sender and may come more than once.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// Bytes with an id and headers. All messages are persistent unless the broker was opened
/// otherwise.
struct Message {
  std::string id;    ///< names it wherever it goes; publish() makes one if it is empty
  std::string type;  ///< what it is, in the sender's words: "job"
  std::string body;
  Headers headers;
  WallTime published{};              ///< to the second; set by publish()
  std::chrono::milliseconds ttl{0};  ///< dead-letters as "expired" after that; 0: as the queue says

  /// The first header of that name; empty if there is none.
  std::string_view header(std::string_view name) const;
  /// What it takes of memory, about.
  std::size_t bytes() const;
};

/// Good if the broker can carry it. kInvalidArgument says which bound it breaks.
Status check_message(const Message& message);

/// Where a message is sent. An empty exchange is the broker's own: the key is a queue's name.
struct Address {
  std::string exchange;
  std::string key;
  friend bool operator==(const Address&, const Address&) = default;
};

/// Why a message lies in a dead-letter queue: one record for each queue and reason it died of.
struct Death {
  std::string queue;
  std::string reason;       ///< "expired", "rejected", "maxlen", "delivery_limit"
  Address sent_to;          ///< where it was published to then
  std::uint64_t count = 1;  ///< how often it died there of that
  WallTime at{};            ///< the first time, to the second
};

/// A message that was taken from a queue and is not settled yet.
struct Delivery {
  Message message;
  std::string queue;
  Address sent_to;
  bool redelivered = false;   ///< it may have been delivered before: to us or to others
  std::vector<Death> deaths;  ///< newest first; those of a message that never died: none
  std::uint64_t tag = 0;      ///< the consumer's business
  std::uint64_t epoch = 0;    ///< likewise: tags of a connection that is gone mean nothing

  /// How long ago it was published, by \p now; never negative (clocks differ).
  std::chrono::seconds age(WallTime now) const;
};

}  // namespace m8::queue
