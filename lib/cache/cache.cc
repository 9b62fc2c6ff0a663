#include "cache/cache.h"

#include <utility>

namespace m8::cache {
namespace {

metrics::Counter& requests(const std::string& cache, const char* result) {
  return metrics::Registry::process().counter(metrics::kCacheRequests, {cache, result});
}

}  // namespace

Cache::Cache(Options options, Backend& backend)
    : options_(std::move(options)),
      prefix_(options_.name + ":" + options_.version + ":"),
      backend_(backend),
      all_hits_(requests(options_.name, "hit")),
      all_misses_(requests(options_.name, "miss")) {}

Cache::~Cache() {
  const CacheStats all = stats();
  if (all.hits + all.misses > 0) backend_.count(all.name, all.hits, all.misses);
}

/// Good until the next call on this thread.
std::string_view Cache::full_key(std::string_view key) const {
  thread_local std::string full;
  full.assign(prefix_).append(key);
  return full;
}

std::string Cache::full_tag(std::string_view tag) const { return prefix_ + std::string(tag); }

Bytes Cache::counted(Bytes value) {
  (value ? hits_ : misses_).fetch_add(1, std::memory_order_relaxed);
  (value ? all_hits_ : all_misses_).add();
  return value;
}

Bytes Cache::get(std::string_view key) { return counted(backend_.get(full_key(key))); }

std::vector<Bytes> Cache::get_many(const std::vector<std::string>& keys) {
  std::vector<std::string> full;
  full.reserve(keys.size());
  for (const auto& key : keys) full.emplace_back(full_key(key));
  auto values = backend_.get_many(full);
  for (auto& value : values) value = counted(std::move(value));
  return values;
}

void Cache::get_later(std::string_view key, Backend::Done done) {
  backend_.get_later(full_key(key), [this, done = std::move(done)](Bytes value) {
    done(counted(std::move(value)));
  });
}

void Cache::put(std::string_view key, std::string value, Keep keep) {
  if (keep.ttl.count() == 0) keep.ttl = options_.ttl;
  for (auto& tag : keep.tags) tag = full_tag(tag);
  puts_.fetch_add(1, std::memory_order_relaxed);
  backend_.put(full_key(key), std::move(value), keep);
}

Result<Bytes> Cache::get_or_load(std::string_view key, const Loader& load, std::stop_token stop) {
  for (;;) {
    if (auto value = get(key)) return value;
    std::shared_ptr<Flight> flight;
    bool leads = false;
    {
      const std::lock_guard lock(mutex_);
      auto& known = flights_[std::string(key)];
      leads = known == nullptr;
      if (leads) known = std::make_shared<Flight>();
      flight = known;
    }
    if (leads) return fly(key, *flight, load);
    shared_.fetch_add(1, std::memory_order_relaxed);
    std::unique_lock lock(flight->mutex);
    if (!flight->ended.wait(lock, stop, [&] { return flight->over; }))
      return Error{ErrorCode::kCancelled, "cache " + options_.name + ": stopped"};
    const Result<Bytes>& result = flight->result;
    if (result.ok() || result.error().code != ErrorCode::kCancelled) return result;
    if (stop.stop_requested()) return result;
  }
}

Result<Bytes> Cache::fly(std::string_view key, Flight& flight, const Loader& load) {
  loads_.fetch_add(1, std::memory_order_relaxed);
  auto loaded = load();
  Result<Bytes> result{Bytes()};
  if (loaded.ok()) {
    result = Bytes(std::make_shared<const std::string>(loaded->value));
    put(key, std::move(loaded->value), std::move(loaded->keep));
  } else {
    result = loaded.error();
  }
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = flights_.find(key); known != flights_.end()) flights_.erase(known);
  }
  {
    const std::lock_guard lock(flight.mutex);
    flight.result = result;
    flight.over = true;
  }
  flight.ended.notify_all();
  return result;
}

Result<std::uint64_t> Cache::erase(std::string_view key) { return backend_.erase(full_key(key)); }

Result<std::uint64_t> Cache::erase_prefix(std::string_view prefix) {
  return backend_.erase_prefix(full_key(prefix));
}

Result<std::uint64_t> Cache::erase_tag(std::string_view tag) {
  return backend_.erase_tag(full_tag(tag));
}

Result<std::uint64_t> Cache::erase_all() { return backend_.erase_prefix(options_.name + ":"); }

CacheStats Cache::stats() const {
  const auto read = [](const auto& count) { return count.load(std::memory_order_relaxed); };
  return {options_.name, read(hits_), read(misses_), read(puts_), read(loads_), read(shared_)};
}

}  // namespace m8::cache
