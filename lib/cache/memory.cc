#include "cache/memory.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/hash.h"

namespace m8::cache {
namespace {

constexpr std::uint8_t kMostHits = 3;          // that are counted
constexpr std::size_t kSmallShare = 10;        // of the room: one part in so many
constexpr std::size_t kShardBytes = 1u << 20;  // with less than that for each, there are fewer
constexpr int kMostShards = 16;

struct Key {
  std::uint64_t hash = 0;
  std::string text;
};
struct Probe {
  std::uint64_t hash = 0;
  std::string_view text;
};
struct KeyHash {
  using is_transparent = void;
  template <typename Any>
  std::size_t operator()(const Any& key) const noexcept {
    return static_cast<std::size_t>(key.hash);
  }
};
struct KeyEqual {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return a.hash == b.hash && std::string_view(a.text) == std::string_view(b.text);
  }
};

struct Queue;

struct Entry {
  Bytes value;
  SteadyTime expires = SteadyTime::max();
  std::vector<std::string> tags;
  std::size_t cost = 0;
  std::uint8_t hits = 0;
  Queue* queue = nullptr;
  std::pair<const Key, Entry>*newer = nullptr, *older = nullptr;
};
using Item = std::pair<const Key, Entry>;

/// Entries in the order in which they came.
struct Queue {
  Item *newest = nullptr, *oldest = nullptr;
  std::size_t bytes = 0;

  void push(Item& item) {
    Entry& entry = item.second;
    entry.queue = this;
    entry.newer = nullptr;
    entry.older = newest;
    (newest ? newest->second.newer : oldest) = &item;
    newest = &item;
    bytes += entry.cost;
  }
  void remove(Item& item) {
    Entry& entry = item.second;
    (entry.newer ? entry.newer->second.older : newest) = entry.older;
    (entry.older ? entry.older->second.newer : oldest) = entry.newer;
    bytes -= entry.cost;
  }
};

/// Hashes of what left the small queue, the last of them.
class Ghosts {
 public:
  void add(std::uint64_t hash, std::size_t most) {
    order_.push_back(hash);
    ++counts_[hash];
    while (order_.size() > most) {
      forget(order_.front());
      order_.pop_front();
    }
  }
  bool contains(std::uint64_t hash) const { return counts_.contains(hash); }
  void clear() {
    order_.clear();
    counts_.clear();
  }

 private:
  void forget(std::uint64_t hash) {
    const auto found = counts_.find(hash);
    if (--found->second == 0) counts_.erase(found);
  }
  std::deque<std::uint64_t> order_;
  std::unordered_map<std::uint64_t, std::uint32_t> counts_;
};

/// The item, its links in the map, the control block of its value, and its ghost later.
constexpr std::size_t kEntryBytes = sizeof(Item) + 2 * sizeof(void*) + 48 + 64;

}  // namespace

class Memory::Shard {
 public:
  explicit Shard(std::size_t limit) : limit_(limit) {}

  Bytes get(const Probe& probe, Clock& clock) {
    const std::lock_guard lock(mutex_);
    const auto found = items_.find(probe);
    if (found == items_.end()) return nullptr;
    Entry& entry = found->second;
    if (entry.expires != SteadyTime::max() && entry.expires <= clock.now()) {
      ++expired_;
      drop(*found);
      return nullptr;
    }
    if (entry.hits < kMostHits) ++entry.hits;
    return entry.value;
  }

  void put(const Probe& probe, Entry entry) {
    const std::lock_guard lock(mutex_);
    const auto found = items_.find(probe);
    if (entry.cost > limit_ / kSmallShare) {
      ++refused_;
      if (found != items_.end()) drop(*found);
      return;
    }
    if (found != items_.end()) {
      // It is a new value, but asked for as often as the old one was.
      entry.hits = found->second.hits;
      Queue& queue = *found->second.queue;
      queue.remove(*found);
      found->second = std::move(entry);
      queue.push(*found);
      make_room(0);
      return;
    }
    make_room(entry.cost);
    Queue& queue = ghosts_.contains(probe.hash) ? main_ : small_;
    const auto [added, fresh] =
        items_.emplace(Key{probe.hash, std::string(probe.text)}, std::move(entry));
    queue.push(*added);
  }

  template <typename Match>
  std::uint64_t erase_if(const Match& match) {
    const std::lock_guard lock(mutex_);
    std::uint64_t erased = 0;
    for (auto it = items_.begin(); it != items_.end();) {
      auto& item = *it++;
      if (!match(item.first.text, item.second.tags)) continue;
      drop(item);
      ++erased;
    }
    return erased;
  }

  std::uint64_t erase(const Probe& probe) {
    const std::lock_guard lock(mutex_);
    const auto found = items_.find(probe);
    if (found == items_.end()) return 0;
    drop(*found);
    return 1;
  }

  void list(std::string_view prefix, SteadyTime now, std::vector<EntryInfo>& out) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : items_) {
      if (!key.text.starts_with(prefix) || entry.expires <= now) continue;
      std::chrono::milliseconds remaining{0};
      if (entry.expires != SteadyTime::max())
        remaining = std::chrono::ceil<std::chrono::milliseconds>(entry.expires - now);
      out.push_back({key.text, entry.value->size(), remaining});
    }
  }

  void add_to(BackendStats& stats) const {
    const std::lock_guard lock(mutex_);
    stats.entries += items_.size();
    stats.bytes += small_.bytes + main_.bytes;
    stats.limit_bytes += limit_;
    stats.evicted += evicted_;
    stats.expired += expired_;
    stats.refused += refused_;
  }

 private:
  // All of these: REQUIRES: mutex_ is held.
  void drop(Item& item) {
    item.second.queue->remove(item);
    items_.erase(items_.find(item.first));
  }

  void make_room(std::size_t bytes) {
    while (small_.bytes + main_.bytes + bytes > limit_) {
      const bool small = small_.oldest && small_.bytes >= limit_ / kSmallShare;
      if (small || !main_.oldest) {
        evict_small();
      } else {
        evict_main();
      }
    }
  }

  /// Who was asked for more than once goes over to the main queue, until one has to leave.
  void evict_small() {
    while (Item* item = small_.oldest) {
      if (item->second.hits <= 1) {
        ghosts_.add(item->first.hash, std::max<std::size_t>(items_.size(), 16));
        ++evicted_;
        return drop(*item);
      }
      small_.remove(*item);
      item->second.hits = 0;
      main_.push(*item);
    }
  }

  void evict_main() {
    while (Item* item = main_.oldest) {
      if (item->second.hits == 0) {
        ++evicted_;
        return drop(*item);
      }
      --item->second.hits;
      main_.remove(*item);
      main_.push(*item);
    }
  }

  mutable std::mutex mutex_;
  const std::size_t limit_;
  std::unordered_map<Key, Entry, KeyHash, KeyEqual> items_;
  Queue small_, main_;
  Ghosts ghosts_;
  std::uint64_t evicted_ = 0, expired_ = 0, refused_ = 0;
};

Memory::Memory(Options options, Clock& clock) : clock_(clock) {
  int count = options.shards;
  if (count <= 0)
    count = static_cast<int>(std::min<std::size_t>(options.limit_bytes / kShardBytes, kMostShards));
  const std::size_t shards = std::bit_floor(static_cast<unsigned>(std::clamp(count, 1, 256)));
  for (std::size_t i = 0; i < shards; ++i)
    shards_.push_back(std::make_unique<Shard>(options.limit_bytes / shards));
}

Memory::~Memory() = default;

std::size_t Memory::cost_of(std::size_t key_bytes, std::size_t value_bytes) {
  return kEntryBytes + key_bytes + value_bytes;
}

/// The upper bits: the lower ones choose the bucket.
Memory::Shard& Memory::shard_of(std::uint64_t hash) const {
  return *shards_[(hash >> 40) & (shards_.size() - 1)];
}

Bytes Memory::get(std::string_view key) {
  const std::uint64_t hash = seeded_hash(key);
  return shard_of(hash).get({hash, key}, clock_);
}

void Memory::put(std::string_view key, std::string value, const Keep& keep) {
  const std::uint64_t hash = seeded_hash(key);
  Entry entry;
  entry.cost = cost_of(key.size(), value.size());
  for (const auto& tag : keep.tags) entry.cost += sizeof tag + tag.size();
  entry.tags = keep.tags;
  if (keep.ttl.count() > 0) entry.expires = clock_.now() + keep.ttl;
  entry.value = std::make_shared<const std::string>(std::move(value));
  shard_of(hash).put({hash, key}, std::move(entry));
}

template <typename Match>
std::uint64_t Memory::erase_if(const Match& match) {
  std::uint64_t erased = 0;
  for (auto& shard : shards_) erased += shard->erase_if(match);
  return erased;
}

Result<std::uint64_t> Memory::erase(std::string_view key) {
  const std::uint64_t hash = seeded_hash(key);
  return shard_of(hash).erase({hash, key});
}

Result<std::uint64_t> Memory::erase_prefix(std::string_view prefix) {
  return erase_if([&](const std::string& key, const auto&) { return key.starts_with(prefix); });
}

Result<std::uint64_t> Memory::erase_tag(std::string_view tag) {
  return erase_if([&](const std::string&, const std::vector<std::string>& tags) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  });
}

Status Memory::each(std::string_view prefix, const Visit& visit) {
  std::vector<EntryInfo> all;
  for (const auto& shard : shards_) shard->list(prefix, clock_.now(), all);
  for (const auto& info : all) visit(info);
  return {};
}

BackendStats Memory::stats() {
  BackendStats stats;
  for (const auto& shard : shards_) shard->add_to(stats);
  stats.state = "ok";
  return stats;
}

}  // namespace m8::cache
