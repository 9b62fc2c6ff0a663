#include "net/circuit_breaker.h"

#include <algorithm>

#include <fmt/format.h>

namespace m8::net {

const char* to_string(CircuitBreaker::State state) {
  switch (state) {
    case CircuitBreaker::State::kClosed:
      return "closed";
    case CircuitBreaker::State::kOpen:
      return "open";
    case CircuitBreaker::State::kHalfOpen:
      return "half-open";
  }
  return "unknown";
}

Error CircuitBreaker::rejection(std::string_view host, SteadyTime now, const Entry& entry) const {
  const auto left =
      std::chrono::ceil<std::chrono::seconds>(entry.since + options_.reset_timeout - now);
  return {ErrorCode::kNetwork, fmt::format("circuit breaker is open: {}, retry in {} s", host,
                                           std::max<long long>(left.count(), 0))};
}

Status CircuitBreaker::enter(std::string_view host) {
  const SteadyTime now = clock_.now();
  auto table = table_.lock();
  const auto found = table->find(host);
  if (found == table->end() || found->second.state == State::kClosed) return {};
  Entry& entry = found->second;
  if (entry.state == State::kOpen && now >= entry.since + options_.reset_timeout) {
    entry.state = State::kHalfOpen;
    entry.trial = false;
  }
  if (entry.state == State::kHalfOpen && !std::exchange(entry.trial, true)) return {};
  rejected_.fetch_add(1, std::memory_order_relaxed);
  return rejection(host, now, entry);
}

void CircuitBreaker::succeeded(std::string_view host) {
  auto table = table_.lock();
  if (const auto found = table->find(host); found != table->end()) table->erase(found);
}

void CircuitBreaker::failed(std::string_view host) {
  if (options_.max_failures <= 0) return;
  const SteadyTime now = clock_.now();
  auto table = table_.lock();
  auto found = table->find(host);
  if (found == table->end()) {
    make_room(*table);
    found = table->emplace(std::string(host), Entry{}).first;
  }
  Entry& entry = found->second;
  // One that had passed before it opened: the reset time runs already.
  if (entry.state == State::kOpen) return;
  ++entry.failures;
  entry.since = now;
  if (entry.state != State::kHalfOpen && entry.failures < options_.max_failures) return;
  entry.state = State::kOpen;
  opened_.fetch_add(1, std::memory_order_relaxed);
}

void CircuitBreaker::abandoned(std::string_view host) {
  auto table = table_.lock();
  if (const auto found = table->find(host); found != table->end()) found->second.trial = false;
}

CircuitBreaker::State CircuitBreaker::state(std::string_view host) {
  auto table = table_.lock();
  const auto found = table->find(host);
  return found == table->end() ? State::kClosed : found->second.state;
}

std::vector<CircuitBreaker::Host> CircuitBreaker::hosts() {
  const SteadyTime now = clock_.now();
  std::vector<Host> hosts;
  auto table = table_.lock();
  for (const auto& [name, entry] : *table) {
    Host host{name, entry.state, entry.failures, std::chrono::milliseconds(0)};
    if (entry.state == State::kOpen) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(entry.since + options_.reset_timeout - now);
      host.retry_in = std::max(left, std::chrono::milliseconds(0));
    }
    hosts.push_back(std::move(host));
  }
  return hosts;
}

void CircuitBreaker::make_room(Table& table) const {
  if (table.size() < options_.max_hosts) return;
  const auto oldest = std::min_element(
      table.begin(), table.end(),
      [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
  if (oldest != table.end()) table.erase(oldest);
}

}  // namespace m8::net
