#include "stats.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "base/json.h"

namespace m8::num8 {
namespace {

using std::chrono::seconds;

std::string clock_text(seconds elapsed) {
  const auto all = elapsed.count();
  return fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
}

std::uint64_t per_second(const StatsNumbers& numbers, seconds elapsed) {
  return numbers.requests / static_cast<std::uint64_t>(std::max<std::int64_t>(1, elapsed.count()));
}

std::uint64_t percent(const StatsNumbers& numbers) {
  return numbers.total == 0 ? 0 : numbers.requests * 100 / numbers.total;
}

}  // namespace

std::string stats_line(const StatsNumbers& numbers, seconds elapsed) {
  return fmt::format(
      "[{}] | Templates: {} | Hosts: {} | RPS: {} | Matched: {} | Errors: {} | Requests: {}/{} "
      "({}%)\n",
      clock_text(elapsed), numbers.templates, numbers.hosts, per_second(numbers, elapsed),
      numbers.matched, numbers.errors, numbers.requests, numbers.total, percent(numbers));
}

std::string stats_json(const StatsNumbers& numbers, seconds elapsed, WallTime started) {
  json::Writer w;
  const auto text = [&w](const char* name, std::uint64_t number) {
    w.field(name, std::to_string(number));
  };
  w.object().field("duration", clock_text(elapsed));
  text("errors", numbers.errors);
  text("hosts", numbers.hosts);
  text("matched", numbers.matched);
  text("percent", percent(numbers));
  text("requests", numbers.requests);
  text("rps", per_second(numbers, elapsed));
  w.field("startedAt", rfc3339_local(started));
  text("templates", numbers.templates);
  text("total", numbers.total);
  return w.end().take() + '\n';
}

StatsLine::StatsLine(Form form, seconds interval, std::function<StatsNumbers()> numbers,
                     Clock& clock)
    : form_(form),
      numbers_(std::move(numbers)),
      clock_(clock),
      began_(clock.now()),
      started_(clock.wall()) {
  if (form_ == Form::kNone) return;
  thread_ = std::jthread([this, interval](std::stop_token stop) {
    while (clock_.sleep_until(clock_.now() + interval, stop)) show();
  });
}

StatsLine::~StatsLine() {
  if (form_ == Form::kNone) return;
  thread_.request_stop();
  thread_.join();
  show();
}

void StatsLine::show() const {
  const auto elapsed = std::chrono::duration_cast<seconds>(clock_.now() - began_);
  const std::string text = form_ == Form::kJson ? stats_json(numbers_(), elapsed, started_)
                                                : stats_line(numbers_(), elapsed);
  std::fputs(text.c_str(), stderr);
}

}  // namespace m8::num8
