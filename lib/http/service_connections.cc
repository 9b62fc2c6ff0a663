#include "http/service_connections.h"

#include <utility>

namespace m8::http {

void ServiceConnections::opened(int fd, const std::string& host) {
  ++hosts_[host].open;
  sockets_[fd] = host;
  open_.fetch_add(1, std::memory_order_relaxed);
}

void ServiceConnections::closed(int fd) {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return;
  const std::string host = std::move(found->second);
  sockets_.erase(found);
  open_.fetch_sub(1, std::memory_order_relaxed);
  Host& known = hosts_[host];
  --known.open;
  if (known.leaving > 0) --known.leaving;
  forget_unused(host);
}

std::size_t* ServiceConnections::count_of(Host& host, Use use) const {
  switch (use) {
    case Use::kNone:
      return nullptr;
    case Use::kWaiting:
      return &host.waiting;
    case Use::kBusy:
      return &host.busy;
    case Use::kKeeping:
      return &host.keeping;
  }
  return nullptr;
}

void ServiceConnections::change(std::string_view host, Use& use, Use next) {
  if (use == next) return;
  const auto is_busy = [](Use one) { return one == Use::kBusy || one == Use::kKeeping; };
  Host& known = hosts_[std::string(host)];
  if (std::size_t* count = count_of(known, use)) --*count;
  if (std::size_t* count = count_of(known, next)) ++*count;
  if (is_busy(use)) --busy_;
  if (is_busy(next)) ++busy_;
  use = next;
  forget_unused(host);
}

bool ServiceConnections::may_keep(std::string_view host) const {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return true;
  const Host& known = found->second;
  if (known.waiting > 0) return true;
  const std::size_t used = known.busy + known.keeping + known.leaving;
  // More requests than connections: these are streams of HTTP/2.
  if (used > known.open) return true;
  return known.open - used + known.keeping < most_;
}

void ServiceConnections::leave(std::string_view host, Use& use) {
  ++hosts_[std::string(host)].leaving;
  change(host, use, Use::kNone);
}

void ServiceConnections::forget_unused(std::string_view host) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return;
  const Host& known = found->second;
  if (known.open + known.waiting + known.busy + known.keeping + known.leaving == 0)
    hosts_.erase(found);
}

}  // namespace m8::http
