/// The first of several proxies that can be reached.
#pragma once

#include <chrono>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "http/proxy.h"
#include "net/resolve.h"

namespace m8::http {

/// Looks up and dials all of \p proxies at once; returns the first to accept, its `addresses` being
/// the one that did. kNetwork naming each with its reason if none does within \p timeout,
/// kCancelled. Waits; polls \p stop.
Result<Proxy> first_reachable(const std::vector<Proxy>& proxies, net::HostLookup& lookup,
                              Clock& clock, std::chrono::milliseconds timeout,
                              std::stop_token stop);

}  // namespace m8::http
