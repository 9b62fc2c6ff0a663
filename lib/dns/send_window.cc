#include "dns/send_window.h"

#include <algorithm>

namespace m8::dns {

using std::chrono::duration;

SendWindow::SendWindow(std::size_t most, SteadyTime now)
    : most_(std::max<std::size_t>(most, 1)), round_start_(now), last_growth_(now) {
  set(kStart);
}

void SendWindow::set(std::size_t size) { size_ = std::clamp(size, std::min(kMin, most_), most_); }

void SendWindow::answered(std::size_t in_flight, SteadyTime now) {
  ++answered_;
  peak_ = std::max(peak_, in_flight);
  outcome(now);
}

void SendWindow::lost(SteadyTime now) {
  ++lost_;
  outcome(now);
}

void SendWindow::restart(SteadyTime now) {
  set(0);
  starting_ = true;
  flat_rounds_ = 0;
  best_rate_ = 0;
  answered_ = lost_ = peak_ = 0;
  round_start_ = now;
}

void SendWindow::outcome(SteadyTime now) {
  const std::size_t outcomes = answered_ + lost_;
  if (outcomes < std::max<std::size_t>(size_, 16)) return;
  const double seconds = duration<double>(now - round_start_).count();
  const double rate = static_cast<double>(answered_) / std::max(seconds, 1e-6);
  const bool lossy = lost_ * 10 > outcomes;
  const bool used = peak_ * 2 > size_;
  if (lossy) {
    starting_ = false;
    set(size_ * 2 / 3);
  } else if (used && starting_) {
    start_up(rate);
  } else if (used && lost_ == 0) {
    creep(now);
  }
  answered_ = lost_ = peak_ = 0;
  round_start_ = now;
}

void SendWindow::start_up(double rate) {
  if (size_ == most_) {
    starting_ = false;
    return;
  }
  if (rate > best_rate_ * 1.25) {
    best_rate_ = rate;
    flat_rounds_ = 0;
  } else if (++flat_rounds_ == 3) {
    // The last doublings only made a queue: half of them go, the other half is slack.
    starting_ = false;
    set(size_ / 4);
    return;
  }
  set(size_ * 2);
}

void SendWindow::creep(SteadyTime now) {
  if (now - last_growth_ < std::chrono::milliseconds(250)) return;
  last_growth_ = now;
  set(size_ + std::max<std::size_t>(size_ / 32, 1));
}

}  // namespace m8::dns
