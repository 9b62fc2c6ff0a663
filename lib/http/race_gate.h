/// RaceGates: the last bytes of requests that race are sent together (templates 3.11).
///
/// Of one loop, all on its thread.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "http/flight.h"
#include "net/poller.h"

namespace m8::http {

class RaceGates {
 public:
  /// \p poller is borrowed.
  explicit RaceGates(net::Poller& poller) : poller_(poller) {}

  /// \p flight has sent all but its last byte. That goes out, with those of the others that wait at
  /// the same gate, once as many do as the gate expects, or 2 s after the first. REQUIRES:
  /// Request::gate is set.
  void hold(Flight& flight);
  /// \p flight waits no more: it was answered or failed before. No-op for one that waits nowhere.
  void leave(Flight& flight);

 private:
  struct Waiting {
    std::vector<Flight*> flights;
    std::uint64_t timer = 0;
  };
  void open(const RaceGate* gate);

  net::Poller& poller_;
  std::unordered_map<const RaceGate*, Waiting> gates_;
};

}  // namespace m8::http
