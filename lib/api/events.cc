#include "api/events.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace m8::api {
namespace {

constexpr auto kSilence = std::chrono::seconds(15);

std::string event_text(std::uint64_t id, std::string_view type, std::string_view json) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", id, type, json);
}

}  // namespace

class Events::Reader final : public serve::Stream {
 public:
  Reader(Events& events, EventFilter filter, std::uint64_t next, std::string first)
      : events_(events),
        filter_(filter),
        next_(next),
        said_(events.clock_.now()),
        over_(filter.over) {
    current_ = std::make_shared<const std::string>(std::move(first));
  }
  ~Reader() override {
    const std::lock_guard lock(events_.mutex_);
    --events_.streams_;
  }

  std::optional<std::size_t> read(std::span<char> out) override {
    std::size_t written = 0;
    while (written < out.size()) {
      if (!current_ && !take_next()) break;
      const std::string_view rest = std::string_view(*current_).substr(sent_);
      const std::size_t part = std::min(rest.size(), out.size() - written);
      rest.copy(out.data() + written, part);
      written += part;
      sent_ += part;
      if (sent_ == current_->size()) current_.reset();
    }
    if (written > 0) {
      said_ = events_.clock_.now();
      return written;
    }
    if (over_) return std::nullopt;
    return 0;
  }

 private:
  void say(std::shared_ptr<const std::string> text) {
    current_ = std::move(text);
    sent_ = 0;
  }

  /// False if there is nothing to say.
  bool take_next() {
    if (over_) return false;
    const std::lock_guard lock(events_.mutex_);
    const auto& all = events_.events_;
    const std::uint64_t oldest = events_.next_id_ - all.size();
    if (next_ < oldest) {
      next_ = oldest;
      say(std::make_shared<const std::string>("event: missed\ndata: {}\n\n"));
      return true;
    }
    while (next_ < events_.next_id_) {
      const Event& event = all[static_cast<std::size_t>(next_++ - oldest)];
      if (filter_.scan != 0 && event.scan != filter_.scan) continue;
      over_ = filter_.scan != 0 && event.last;
      say(event.text);
      return true;
    }
    if (events_.clock_.now() - said_ < kSilence) return false;
    static const auto kAlive = std::make_shared<const std::string>(":\n\n");
    say(kAlive);
    said_ = events_.clock_.now();
    return true;
  }

  Events& events_;
  const EventFilter filter_;
  std::uint64_t next_;                          ///< id of the next event to look at
  std::shared_ptr<const std::string> current_;  ///< being sent
  std::size_t sent_ = 0;                        ///< of it
  SteadyTime said_;
  bool over_;
};

void Events::publish(std::string_view type, std::string_view json, std::int64_t scan, bool last) {
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t id = next_id_++;
    events_.push_back(
        {id, scan, last, std::make_shared<const std::string>(event_text(id, type, json))});
    if (events_.size() > kept_) events_.pop_front();
  }
  if (wake_) wake_();
}

void Events::beat() {
  if (wake_) wake_();
}

std::shared_ptr<serve::Stream> Events::open(EventFilter filter, std::uint64_t last_id,
                                            std::string_view first) {
  std::string greeting = "retry: 3000\n\n";
  if (!first.empty()) greeting += fmt::format("event: state\ndata: {}\n\n", first);
  const std::lock_guard lock(mutex_);
  ++streams_;
  const std::uint64_t next = std::min(last_id, next_id_ - 1) + 1;
  return std::make_shared<Reader>(*this, filter, next, std::move(greeting));
}

std::uint64_t Events::newest() const {
  const std::lock_guard lock(mutex_);
  return next_id_ - 1;
}

std::size_t Events::streams() const {
  const std::lock_guard lock(mutex_);
  return streams_;
}

}  // namespace m8::api
