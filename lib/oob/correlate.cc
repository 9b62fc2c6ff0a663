#include "oob/correlate.h"

#include <utility>

#include "oob/identity.h"

namespace m8::oob {
namespace {

/// Somebody who hammers one URL fills no table.
constexpr std::size_t kMostPerId = 16;

}  // namespace

template <typename Value>
typename Correlator::Table<Value>::Entry* Correlator::Table<Value>::find(std::string_view id) {
  const auto found = index.find(id);
  return found == index.end() ? nullptr : &*found->second;
}

template <typename Value>
void Correlator::Table<Value>::put(std::string id, Value value, SteadyTime now, std::size_t size) {
  erase(id);
  entries.push_back({id, std::move(value), now, size});
  index.emplace(std::move(id), std::prev(entries.end()));
  bytes += size;
}

template <typename Value>
void Correlator::Table<Value>::erase(std::string_view id) {
  const auto found = index.find(id);
  if (found == index.end()) return;
  bytes -= found->second->bytes;
  entries.erase(found->second);
  index.erase(found);
}

template <typename Value>
std::size_t Correlator::Table<Value>::trim(SteadyTime oldest, std::size_t most,
                                           std::size_t most_bytes) {
  while (!entries.empty() && entries.front().since < oldest) erase(std::string(entries.front().id));
  std::size_t dropped = 0;
  while (entries.size() > most || (bytes > most_bytes && entries.size() > 1)) {
    erase(std::string(entries.front().id));
    ++dropped;
  }
  return dropped;
}

Correlator::Correlator(std::string correlation_id, std::string domain, CorrelatorOptions options,
                       Clock& clock)
    : correlation_id_(std::move(correlation_id)),
      domain_(std::move(domain)),
      options_(options),
      clock_(clock) {}

std::string Correlator::new_url() {
  urls_.fetch_add(1, std::memory_order_relaxed);
  return correlation_id_ + make_nonce() + "." + domain_;
}

Correlator::Ticket Correlator::new_ticket() {
  {
    std::lock_guard lock(tickets_->mutex);
    ++tickets_->out;
  }
  return {tickets_.get(), [tickets = tickets_](const void*) {
            {
              std::lock_guard lock(tickets->mutex);
              --tickets->out;
            }
            tickets->changed.notify_all();
          }};
}

/// REQUIRES: mutex_ is held.
void Correlator::trim() {
  const SteadyTime oldest = clock_.now() - options_.max_age;
  evicted_ += waiting_.trim(oldest, options_.max_requests, options_.max_request_bytes);
  early_.trim(oldest, options_.max_interactions, options_.max_interaction_bytes);
}

void Correlator::hold(const std::vector<std::string>& ids,
                      const std::shared_ptr<Waiting>& waiting) {
  Interactions come;
  {
    std::lock_guard lock(mutex_);
    // Its bytes count once: all ids keep the same request alive.
    std::size_t bytes = waiting->bytes();
    for (const std::string& id : ids) {
      waiting_.put(id, waiting, clock_.now(), std::exchange(bytes, 0));
      if (const auto* early = early_.find(id))
        come.insert(come.end(), early->value.begin(), early->value.end());
    }
    trim();
  }
  for (auto& interaction : come) waiting->called(std::move(interaction), new_ticket());
}

void Correlator::deliver(model::Interaction interaction) {
  const auto shared = std::make_shared<const model::Interaction>(std::move(interaction));
  const std::string& id = shared->unique_id;
  std::shared_ptr<Waiting> waiting;
  {
    std::lock_guard lock(mutex_);
    ++interactions_;
    trim();
    if (auto* held = waiting_.find(id)) waiting = held->value;
    // Kept in any case: a later request of the same template may be the one that tells.
    auto* early = early_.find(id);
    Interactions all = early == nullptr ? Interactions() : std::move(early->value);
    std::size_t bytes = early == nullptr ? 0 : early->bytes;
    if (all.size() < kMostPerId) {
      bytes += model::bytes_of(*shared);
      all.push_back(shared);
    }
    early_.put(id, std::move(all), clock_.now(), bytes);
    trim();
  }
  if (waiting) waiting->called(shared, new_ticket());
}

void Correlator::settle(const std::string& id) {
  std::shared_ptr<Waiting> last;  // destroyed without the lock
  std::lock_guard lock(mutex_);
  if (auto* held = waiting_.find(id)) last = std::move(held->value);
  waiting_.erase(id);
  early_.erase(id);
}

bool Correlator::drain(std::chrono::milliseconds limit, std::stop_token stop) {
  std::unique_lock lock(tickets_->mutex);
  return tickets_->changed.wait_for(lock, std::move(stop), limit,
                                    [this] { return tickets_->out == 0; });
}

void Correlator::clear() {
  Table<std::shared_ptr<Waiting>> waiting;
  std::lock_guard lock(mutex_);
  std::swap(waiting, waiting_);
  early_ = {};
}

Correlator::Counts Correlator::counts() const {
  std::lock_guard lock(mutex_);
  return {urls_.load(std::memory_order_relaxed), interactions_, evicted_, waiting_.entries.size(),
          early_.entries.size()};
}

}  // namespace m8::oob
