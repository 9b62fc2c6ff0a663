/// Unsettled: the deliveries of a channel that were not settled, and how to settle them with few
/// frames: all up to a tag at once where nothing before it is open.
///
/// Threads: none of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace m8::queue::amqp {

class Unsettled {
 public:
  /// A delivery came; tags count up from 1 on a channel.
  void delivered(std::uint64_t tag);
  /// \p tag was rejected: it is no longer open. False if it was not.
  bool rejected(std::uint64_t tag);

  struct Acks {
    std::optional<std::uint64_t> up_to;  ///< this and all before it
    std::vector<std::uint64_t> single;
  };
  /// What to send for the acknowledged \p tags; those that are not open are left out. \p known is
  /// how many were.
  Acks acked(std::span<const std::uint64_t> tags, std::size_t& known);
  void clear() { open_.clear(); }
  std::size_t size() const { return open_.size(); }

 private:
  enum class State : char { kOpen, kAcked, kSent };

  State* find(std::uint64_t tag);
  /// Takes what is settled off the front; the last acknowledged tag that was not sent.
  std::optional<std::uint64_t> advance();

  std::deque<State> open_;
  std::uint64_t first_ = 1;  ///< the tag of open_.front()
};

}  // namespace m8::queue::amqp
