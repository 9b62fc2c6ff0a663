#include "fleet/pulse.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/log.h"
#include "fleet/process_name.h"

namespace m8::fleet {
namespace {

std::string new_name() {
  char bytes[8];
  random_bytes(bytes, sizeof bytes);
  return hex_encode({bytes, sizeof bytes});
}

}  // namespace

Pulse::Pulse(store::Jobs& jobs, PulseOptions options, Lost lost, Beat beat, Clock& clock)
    : jobs_(jobs),
      options_(std::move(options)),
      lost_(std::move(lost)),
      beat_(std::move(beat)),
      clock_(clock) {}

Pulse::~Pulse() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  if (const std::string own = name(); !own.empty())
    (void)jobs_.remove_worker(own, std::numeric_limits<std::int64_t>::max());
}

Status Pulse::begin() {
  M8_TRY(be_born());
  M8_TRY(look_at_others());
  thread_ = std::jthread([this](const std::stop_token& stop) { live(stop); });
  return {};
}

std::string Pulse::name() const {
  const std::lock_guard lock(mutex_);
  return name_;
}

Status Pulse::be_born() {
  store::WorkerRow row;
  row.id = new_name();
  row.slots = options_.slots;
  row.process = options_.process;
  row.started = clock_.wall();
  M8_TRY(jobs_.add_worker(row));
  last_good_ = clock_.now();
  const std::lock_guard lock(mutex_);
  name_ = row.id;
  return {};
}

void Pulse::live(const std::stop_token& stop) {
  while (clock_.sleep_until(clock_.now() + options_.every, stop)) {
    const Status status = step();
    if (status.ok()) {
      last_good_ = clock_.now();
      if (beat_) beat_();
      continue;
    }
    log::get("fleet")->warn("no beat error={}", status.error().message);
    const bool dead = status.error().code == ErrorCode::kNotFound;
    if (!name().empty() && (dead || clock_.now() - last_good_ > options_.lost))
      give_up(status.error().message);
  }
}

Status Pulse::step() {
  if (name().empty()) return be_born();
  M8_TRY(jobs_.beat(name(), running_));
  return look_at_others();
}

void Pulse::give_up(const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    name_.clear();
  }
  lost_(why);
}

Status Pulse::look_at_others() {
  const auto workers = M8_TRY(jobs_.workers());
  const SteadyTime now = clock_.now();
  // Who could not look for a while can't say who stood still.
  if (now - last_look_ > 3 * options_.every) others_.clear();
  last_look_ = now;
  std::map<std::string, Seen> seen;
  const std::string own = name();
  for (const store::WorkerRow& worker : workers) {
    if (worker.id == own) continue;
    Seen& one = seen[worker.id];
    if (const auto it = others_.find(worker.id); it != others_.end()) one = it->second;
    if (one.beat != worker.beat) one = {worker.beat, now};
    if (now - one.since < options_.dead && !is_known_dead(worker.process)) continue;
    log::get("fleet")->warn("worker {} is dead: its jobs are free", worker.id);
    M8_TRY(jobs_.remove_worker(worker.id, worker.beat));
  }
  others_ = std::move(seen);
  return {};
}

}  // namespace m8::fleet
