#include "queue/memory_queues.h"

#include <set>

#include <fmt/format.h>

#include "base/hash.h"

namespace m8::queue {
namespace {

constexpr int kMaxAlternates = 8;  // exchanges that name each other as alternates end somewhere

Error no_queue(const std::string& name) {
  return {ErrorCode::kNotFound, fmt::format("queue '{}' does not exist", name)};
}

std::string value_of(const std::vector<Argument>& all, const std::string& name) {
  for (const Argument& argument : all)
    if (argument.name == name) return argument.text();
  return "none";
}

/// Adds what \p found has otherwise than \p wanted, by name.
void add_differences(const std::string& what, const std::vector<Argument>& wanted,
                     const std::vector<Argument>& found, std::vector<Difference>& out) {
  std::set<std::string> names;
  for (const auto* all : {&wanted, &found})
    for (const Argument& argument : *all) names.insert(argument.name);
  for (const std::string& name : names) {
    const std::string want = value_of(wanted, name), there = value_of(found, name);
    if (want != there) out.push_back({what, name, want, there});
  }
}

/// The arguments and what else a declaration says.
std::vector<Argument> everything_of(const QueueSpec& queue) {
  auto all = arguments_of(queue);
  all.push_back({"durable", queue.durable});
  all.push_back({"auto_delete", queue.auto_delete});
  return all;
}

std::vector<Argument> everything_of(const ExchangeSpec& exchange) {
  auto all = arguments_of(exchange);
  all.push_back({"type", exchange.type});
  all.push_back({"durable", exchange.durable});
  return all;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t dot = text.find('.');
    words.push_back(text.substr(0, dot));
    if (dot == text.npos) return words;
    text.remove_prefix(dot + 1);
  }
}

bool binding_matches(const std::string& type, const std::string& pattern, const std::string& key) {
  if (type == "fanout") return true;
  return type == "topic" ? topic_matches(pattern, key) : pattern == key;
}

Delivery delivery_of(const Entry& entry, const std::string& queue) {
  Delivery out;
  out.message = entry.message;
  out.queue = queue;
  out.sent_to = entry.sent_to;
  out.redelivered = entry.redelivered;
  out.deaths = entry.deaths;
  out.tag = entry.tag;
  return out;
}

}  // namespace

std::string new_message_id() {
  char bytes[16];
  random_bytes(bytes, sizeof bytes);
  return hex_encode({bytes, sizeof bytes});
}

bool topic_matches(std::string_view pattern, std::string_view key) {
  const auto wanted = words_of(pattern), words = words_of(key);
  // fits[j]: the pattern so far fits the first j words.
  std::vector<bool> fits(words.size() + 1, false);
  fits[0] = true;
  for (const std::string_view want : wanted) {
    std::vector<bool> now(words.size() + 1, false);
    if (want == "#") now[0] = fits[0];
    for (std::size_t j = 1; j <= words.size(); ++j) {
      if (want == "#")
        now[j] = fits[j] || now[j - 1];
      else
        now[j] = fits[j - 1] && (want == "*" || want == words[j - 1]);
    }
    fits.swap(now);
  }
  return fits.back();
}

bool wants(const DeadLetterFilter& filter, const Delivery& delivery) {
  if (!filter.id.empty() && delivery.message.id != filter.id) return false;
  if (filter.reason.empty() && filter.from.empty()) return true;
  if (delivery.deaths.empty()) return false;
  const Death& last = delivery.deaths.front();
  return (filter.reason.empty() || last.reason == filter.reason) &&
         (filter.from.empty() || last.queue == filter.from);
}

void add_death(std::vector<Death>& deaths, Death death) {
  const auto known = std::find_if(deaths.begin(), deaths.end(), [&](const Death& other) {
    return other.queue == death.queue && other.reason == death.reason;
  });
  if (known == deaths.end()) {
    deaths.insert(deaths.begin(), std::move(death));
    return;
  }
  ++known->count;
  known->sent_to = death.sent_to;
  std::rotate(deaths.begin(), known, known + 1);
}

void MemoryQueues::wait_until(std::unique_lock<std::mutex>& held,
                              std::chrono::steady_clock::time_point when, std::stop_token stop) {
  bool woken = false;
  changed_.wait_until(held, stop, when, [&] { return std::exchange(woken, true); });
}

Status MemoryQueues::declare(const Topology& topology) {
  expire();
  std::string words;
  for (const Difference& difference : compare(topology, false))
    words += (words.empty() ? "" : "; ") + difference.to_string();
  if (!words.empty()) return Error{ErrorCode::kExists, words};
  for (const ExchangeSpec& exchange : topology.exchanges) exchanges_[exchange.name] = exchange;
  for (const QueueSpec& queue : topology.queues) {
    auto& known = queues_[queue.name];
    known.spec = queue;
    known.used = clock_.now();
  }
  for (const Binding& binding : topology.bindings) {
    if (!exchanges_.contains(binding.exchange))
      return Error{ErrorCode::kNotFound,
                   fmt::format("exchange '{}' does not exist", binding.exchange)};
    if (!queues_.contains(binding.queue)) return no_queue(binding.queue);
    if (std::find(bindings_.begin(), bindings_.end(), binding) == bindings_.end())
      bindings_.push_back(binding);
  }
  return {};
}

std::vector<Difference> MemoryQueues::compare(const Topology& topology, bool with_missing) const {
  std::vector<Difference> out;
  for (const ExchangeSpec& exchange : topology.exchanges) {
    const std::string what = fmt::format("exchange '{}'", exchange.name);
    const auto found = exchanges_.find(exchange.name);
    if (found != exchanges_.end())
      add_differences(what, everything_of(exchange), everything_of(found->second), out);
    else if (with_missing)
      out.push_back({what, {}, {}, {}});
  }
  for (const QueueSpec& queue : topology.queues) {
    const std::string what = fmt::format("queue '{}'", queue.name);
    const auto found = queues_.find(queue.name);
    if (found != queues_.end())
      add_differences(what, everything_of(queue), everything_of(found->second.spec), out);
    else if (with_missing)
      out.push_back({what, {}, {}, {}});
  }
  return out;
}

Result<QueueState> MemoryQueues::inspect(const std::string& queue) {
  expire();
  const auto found = queues_.find(queue);
  if (found == queues_.end()) return no_queue(queue);
  return QueueState{queue, found->second.waiting.size(), found->second.consumers.size()};
}

Result<std::uint64_t> MemoryQueues::purge(const std::string& queue) {
  const auto found = queues_.find(queue);
  if (found == queues_.end()) return no_queue(queue);
  const std::uint64_t purged = found->second.waiting.size();
  found->second.waiting.clear();
  found->second.bytes = 0;
  return purged;
}

void MemoryQueues::remove(const std::string& queue) {
  queues_.erase(queue);
  std::erase_if(bindings_, [&](const Binding& binding) { return binding.queue == queue; });
}

void MemoryQueues::expire() {
  std::vector<std::string> unused;
  for (auto& [name, queue] : queues_) {
    expire_heads(queue);
    if (queue.spec.expires.count() > 0 && queue.consumers.empty() &&
        queue.used + queue.spec.expires <= clock_.now())
      unused.push_back(name);
  }
  for (const std::string& name : unused) remove(name);
}

void MemoryQueues::expire_heads(Queue& queue) {
  const SteadyTime now = clock_.now();
  while (!queue.waiting.empty()) {
    const Entry& head = queue.waiting.front();
    if (head.expires_at == SteadyTime{} || head.expires_at > now) return;
    dead_letter(queue, pop(queue), "expired");
  }
}

void MemoryQueues::push(Queue& queue, Entry entry) {
  entry.tag = next_number_++;
  auto ttl = queue.spec.ttl;
  const auto own = entry.message.ttl;
  if (own.count() > 0 && (ttl.count() == 0 || own < ttl)) ttl = own;
  entry.expires_at = ttl.count() > 0 ? clock_.now() + ttl : SteadyTime{};
  while (!queue.waiting.empty() && is_full(queue, entry)) dead_letter(queue, pop(queue), "maxlen");
  queue.bytes += entry.message.body.size();
  queue.waiting.push_back(std::move(entry));
}

Entry MemoryQueues::pop(Queue& queue) {
  Entry entry = std::move(queue.waiting.front());
  queue.waiting.pop_front();
  queue.bytes -= entry.message.body.size();
  return entry;
}

void MemoryQueues::dead_letter(Queue& from, Entry entry, const char* reason) {
  if (from.spec.dead_letter_exchange.empty()) return;
  add_death(entry.deaths, {from.spec.name, reason, entry.sent_to, 1,
                           std::chrono::floor<std::chrono::seconds>(clock_.wall())});
  entry.message.ttl = std::chrono::milliseconds(0);
  entry.redelivered = false;
  const std::string key =
      from.spec.dead_letter_key.empty() ? entry.sent_to.key : from.spec.dead_letter_key;
  entry.sent_to = {from.spec.dead_letter_exchange, key};
  std::vector<Queue*> queues;
  find(entry.sent_to, queues, 0);
  for (Queue* queue : queues)
    if (queue != &from) push(*queue, entry);
}

void MemoryQueues::find(const Address& to, std::vector<Queue*>& out, int depth) {
  if (to.exchange.empty()) {
    const auto found = queues_.find(to.key);
    if (found != queues_.end()) out.push_back(&found->second);
    return;
  }
  const auto exchange = exchanges_.find(to.exchange);
  if (exchange == exchanges_.end()) return;
  for (const Binding& binding : bindings_) {
    if (binding.exchange != to.exchange) continue;
    if (!binding_matches(exchange->second.type, binding.key, to.key)) continue;
    Queue* queue = &queues_.at(binding.queue);
    if (std::find(out.begin(), out.end(), queue) == out.end()) out.push_back(queue);
  }
  const std::string& alternate = exchange->second.alternate;
  if (out.empty() && !alternate.empty() && depth < kMaxAlternates)
    find({alternate, to.key}, out, depth + 1);
}

bool MemoryQueues::is_full(const Queue& queue, const Entry& entry) const {
  const QueueSpec& spec = queue.spec;
  return (spec.max_length > 0 && queue.waiting.size() + 1 > spec.max_length) ||
         (spec.max_bytes > 0 && queue.bytes + entry.message.body.size() > spec.max_bytes);
}

Routed MemoryQueues::route(const Address& to, const Entry& entry) {
  expire();
  std::vector<Queue*> queues;
  find(to, queues, 0);
  if (queues.empty()) return Routed::kNowhere;
  for (const Queue* queue : queues) {
    const bool refuses = queue->spec.overflow == Overflow::kRejectPublish;
    if (refuses && !queue->waiting.empty() && is_full(*queue, entry)) {
      ++stats_.refused;
      return Routed::kFull;
    }
  }
  for (Queue* queue : queues) {
    Entry copy = entry;
    copy.sent_to = to;
    push(*queue, std::move(copy));
  }
  return Routed::kTaken;
}

Status MemoryQueues::nowhere(const Address& to) {
  ++stats_.returned;
  if (!to.exchange.empty() && !exchanges_.contains(to.exchange))
    return Error{ErrorCode::kNotFound, fmt::format("exchange '{}' does not exist", to.exchange)};
  return Error{
      ErrorCode::kNotFound,
      fmt::format("no queue takes what is sent to '{}' with key '{}'", to.exchange, to.key)};
}

Result<std::uint64_t> MemoryQueues::add_consumer(const std::string& queue, std::uint16_t prefetch) {
  expire();
  const auto found = queues_.find(queue);
  if (found == queues_.end()) return no_queue(queue);
  const std::uint64_t number = next_number_++;
  Holder& holder = holders_[number];
  holder.queue = queue;
  holder.prefetch = std::max<std::uint16_t>(prefetch, 1);
  found->second.consumers.push_back(number);
  return number;
}

bool MemoryQueues::may_take(std::uint64_t consumer, const Holder& holder,
                            const Queue& queue) const {
  if (holder.cancelled || queue.waiting.empty() || holder.held.size() >= holder.prefetch)
    return false;
  return !queue.spec.single_consumer || queue.consumers.front() == consumer;
}

Result<std::optional<Delivery>> MemoryQueues::take(std::uint64_t consumer) {
  expire();
  Holder& holder = holders_.at(consumer);
  const auto found = queues_.find(holder.queue);
  if (found == queues_.end()) {
    if (holder.cancelled) return std::optional<Delivery>();
    return no_queue(holder.queue);
  }
  if (!may_take(consumer, holder, found->second)) return std::optional<Delivery>();
  Entry entry = pop(found->second);
  QueueCounts& counts = stats_.queues[holder.queue];
  ++stats_.delivered;
  ++counts.delivered;
  if (entry.redelivered) {
    ++stats_.redelivered;
    ++counts.redelivered;
  }
  Delivery delivery = delivery_of(entry, holder.queue);
  holder.held.emplace(entry.tag, std::move(entry));
  return std::optional<Delivery>(std::move(delivery));
}

void MemoryQueues::settle(std::uint64_t consumer, std::uint64_t tag, Settled how) {
  Holder& holder = holders_.at(consumer);
  auto held = holder.held.extract(tag);
  if (!held) {
    ++stats_.stale;
    return;
  }
  QueueCounts& counts = stats_.queues[holder.queue];
  if (how == Settled::kAcked) {
    ++stats_.acked;
    ++counts.acked;
  } else if (how == Settled::kRequeued) {
    ++stats_.requeued;
    ++counts.requeued;
    put_back(holder.queue, std::move(held.mapped()));
  } else {
    ++stats_.rejected;
    ++counts.rejected;
    const auto queue = queues_.find(holder.queue);
    if (queue != queues_.end()) dead_letter(queue->second, std::move(held.mapped()), "rejected");
  }
}

bool MemoryQueues::is_cancelled(std::uint64_t consumer) const {
  return holders_.at(consumer).cancelled;
}

void MemoryQueues::cancel(std::uint64_t consumer) {
  Holder& holder = holders_.at(consumer);
  if (std::exchange(holder.cancelled, true)) return;
  const auto queue = queues_.find(holder.queue);
  if (queue != queues_.end()) {
    std::erase(queue->second.consumers, consumer);
    queue->second.used = clock_.now();
  }
}

void MemoryQueues::end_consumer(std::uint64_t consumer) {
  cancel(consumer);
  auto holder = holders_.extract(consumer);
  auto& held = holder.mapped().held;
  for (auto entry = held.rbegin(); entry != held.rend(); ++entry)
    put_back(holder.mapped().queue, std::move(entry->second));
  drop_unused(holder.mapped().queue);
}

void MemoryQueues::drop_unused(const std::string& name) {
  const auto queue = queues_.find(name);
  if (queue != queues_.end() && queue->second.spec.auto_delete && queue->second.consumers.empty())
    remove(name);
}

Result<std::vector<Delivery>> MemoryQueues::dead_letters(const DeadLetterFilter& filter) {
  expire();
  const auto found = queues_.find(filter.queue);
  if (found == queues_.end()) return no_queue(filter.queue);
  std::vector<Delivery> out;
  for (Entry& entry : found->second.waiting) {
    if (out.size() >= filter.max) break;
    Delivery delivery = delivery_of(entry, filter.queue);
    entry.redelivered = true;
    if (wants(filter, delivery)) out.push_back(std::move(delivery));
  }
  return out;
}

std::optional<Entry> MemoryQueues::take_letter(const std::string& queue, std::uint64_t tag) {
  const auto found = queues_.find(queue);
  if (found == queues_.end()) return std::nullopt;
  auto& waiting = found->second.waiting;
  const auto entry = std::find_if(waiting.begin(), waiting.end(),
                                  [&](const Entry& other) { return other.tag == tag; });
  if (entry == waiting.end() || entry->deaths.empty()) return std::nullopt;
  Entry taken = std::move(*entry);
  waiting.erase(entry);
  found->second.bytes -= taken.message.body.size();
  return taken;
}

void MemoryQueues::put_back(const std::string& queue, Entry entry) {
  const auto found = queues_.find(queue);
  if (found == queues_.end()) return;
  entry.redelivered = true;
  auto& waiting = found->second.waiting;
  found->second.bytes += entry.message.body.size();
  const auto place = std::find_if(waiting.begin(), waiting.end(),
                                  [&](const Entry& other) { return other.tag > entry.tag; });
  waiting.insert(place, std::move(entry));
}

}  // namespace m8::queue
