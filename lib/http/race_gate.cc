#include "http/race_gate.h"

#include <chrono>
#include <utility>

#include "http/connection.h"

namespace m8::http {
namespace {

/// A request that never gets here must not hold up the others for longer.
constexpr std::chrono::seconds kPatience{2};

}  // namespace

void RaceGates::hold(Flight& flight) {
  const RaceGate* gate = flight.request.gate.get();
  Waiting& waiting = gates_[gate];
  waiting.flights.push_back(&flight);
  if (waiting.flights.size() >= gate->expected) return open(gate);
  if (waiting.timer != 0) return;
  waiting.timer = poller_.at(poller_.now() + kPatience, [this, gate] {
    gates_[gate].timer = 0;
    open(gate);
  });
}

void RaceGates::leave(Flight& flight) {
  if (!flight.request.gate) return;
  const auto found = gates_.find(flight.request.gate.get());
  if (found != gates_.end()) {
    std::erase(found->second.flights, &flight);
    if (found->second.flights.empty()) {
      if (found->second.timer != 0) poller_.cancel(found->second.timer);
      gates_.erase(found);
    }
  }
  flight.request.gate.reset();
}

void RaceGates::open(const RaceGate* gate) {
  const auto found = gates_.find(gate);
  const Waiting waiting = std::move(found->second);
  gates_.erase(found);
  if (waiting.timer != 0) poller_.cancel(waiting.timer);
  for (Flight* flight : waiting.flights) {
    flight->request.gate.reset();
    flight->connection->send_last_byte();
  }
}

}  // namespace m8::http
