#include "scan/host_budget.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace m8::scan {
namespace {

/// Trying again would give the same.
bool permanent(const Error& error) {
  return error.code == ErrorCode::kNotFound || error.code == ErrorCode::kRefused;
}

/// Garbage, a cancelled run, a scope refusal or our own lack of descriptors say nothing about it.
bool temporary(const Error& error) {
  return error.code == ErrorCode::kNetwork || error.code == ErrorCode::kTimeout;
}

}  // namespace

std::string HostBudget::key(const net::Url& url) {
  std::string room;
  (void)key(url, room);
  return room;
}

std::string_view HostBudget::key(const net::Url& url, std::string& room) {
  room.assign(url.host);
  room += ':';
  room += std::to_string(url.effective_port());  // short: needs no memory
  return room;
}

const HostBudget::Entry* HostBudget::find(const State& state, std::string_view key) const {
  if (const auto it = state.young.find(key); it != state.young.end()) return &it->second;
  if (const auto it = state.old.find(key); it != state.old.end()) return &it->second;
  return nullptr;
}

HostBudget::Entry& HostBudget::entry(State& state, std::string_view key) const {
  if (const auto it = state.young.find(key); it != state.young.end()) return it->second;
  Entry known;
  if (const Entry* old = find(state, key)) known = *old;
  if (state.young.size() >= options_.max_hosts) {
    state.old = std::move(state.young);
    state.young.clear();
  }
  return state.young.emplace(std::string(key), known).first->second;
}

bool HostBudget::may_send(std::string_view key) {
  if (!options_.enabled) return true;
  auto state = state_.lock();
  const Entry* known = find(*state, key);
  return !known || !known->dropped;
}

bool HostBudget::has_answered(std::string_view key) {
  auto state = state_.lock();
  const Entry* known = find(*state, key);
  return known && known->answered;
}

bool HostBudget::enter(std::string_view key) {
  if (options_.max_running == 0) return true;
  auto state = state_.lock();
  Entry& known = entry(*state, key);
  if (known.running >= options_.max_running) return false;
  ++known.running;
  return true;
}

void HostBudget::leave(std::string_view key) {
  if (options_.max_running == 0) return;
  auto state = state_.lock();
  Entry& known = entry(*state, key);
  known.running = std::max(0, known.running - 1);  // it may have been forgotten
}

bool HostBudget::answered(std::string_view key) {
  auto state = state_.lock();
  Entry& known = entry(*state, key);
  const bool first = !known.answered;
  known.answered = true;
  known.errors = 0;
  return first;
}

std::optional<HostBudget::Dropped> HostBudget::failed(std::string_view key, const Error& error) {
  if (!options_.enabled || (!permanent(error) && !temporary(error))) return std::nullopt;
  auto state = state_.lock();
  Entry& known = entry(*state, key);
  if (known.dropped) return std::nullopt;
  ++known.errors;
  known.dropped = permanent(error) || known.errors >= options_.max_errors;
  if (!known.dropped) return std::nullopt;
  return Dropped{permanent(error) ? fmt::format("unresponsive permanently: {}", error.message)
                                  : fmt::format("unresponsive {} times", known.errors),
                 known.answered};
}

}  // namespace m8::scan
