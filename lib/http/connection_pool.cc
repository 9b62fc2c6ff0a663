#include "http/connection_pool.h"

#include <algorithm>
#include <utility>

namespace m8::http {

void ConnectionPool::link_idle(Connection& connection) {
  connection.entry->idle.push_back(&connection);
  connection.older = youngest_;
  connection.younger = nullptr;
  (youngest_ ? youngest_->younger : oldest_) = &connection;
  youngest_ = &connection;
  connection.pooled = true;
  ++idle_;
}

void ConnectionPool::unlink_idle(Connection& connection) {
  if (!connection.pooled) return;
  auto& idle = connection.entry->idle;
  const auto found = std::find(idle.rbegin(), idle.rend(), &connection);
  idle.erase(std::next(found).base());
  (connection.older ? connection.older->younger : oldest_) = connection.younger;
  (connection.younger ? connection.younger->older : youngest_) = connection.older;
  connection.older = connection.younger = nullptr;
  connection.pooled = false;
  --idle_;
}

Connection* ConnectionPool::take(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end() || found->second.idle.empty()) return nullptr;
  Connection* connection = found->second.idle.back();
  unlink_idle(*connection);
  return connection;
}

const PoolEntry* ConnectionPool::find(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

Connection& ConnectionPool::add(std::unique_ptr<Connection> connection, std::string_view key) {
  auto found = entries_.find(key);
  if (found == entries_.end()) found = entries_.emplace(std::string(key), PoolEntry{}).first;
  PoolEntry& entry = found->second;
  entry.key = &found->first;
  ++entry.connections;
  connection->entry = &entry;
  connection->slot = connections_.size();
  connections_.push_back(std::move(connection));
  return *connections_.back();
}

void ConnectionPool::give(Connection& connection, SteadyTime now) {
  if (connection.entry->idle.size() >= options_.max_idle_per_key) return retire(connection);
  if (idle_ >= options_.max_idle && !retire_oldest()) return retire(connection);
  connection.idle_since = now;
  link_idle(connection);
}

void ConnectionPool::retire(Connection& connection) {
  if (connection.entry == nullptr) return;
  unlink_idle(connection);
  connection.close();
  PoolEntry* entry = std::exchange(connection.entry, nullptr);
  if (--entry->connections == 0) entries_.erase(entries_.find(*entry->key));
  std::unique_ptr<Connection>& place = connections_[connection.slot];
  retired_.push_back(std::move(place));
  if (&place != &connections_.back()) {
    place = std::move(connections_.back());
    place->slot = connection.slot;
  }
  connections_.pop_back();
}

bool ConnectionPool::retire_oldest() {
  if (oldest_ == nullptr) return false;
  retire(*oldest_);
  return true;
}

void ConnectionPool::expire(SteadyTime now) {
  while (oldest_ != nullptr && oldest_->idle_since + options_.idle_timeout <= now) retire_oldest();
}

void ConnectionPool::close_all() {
  while (!connections_.empty()) retire(*connections_.back());
  bury();
}

}  // namespace m8::http
