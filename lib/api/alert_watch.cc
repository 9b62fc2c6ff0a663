#include "api/alert_watch.h"

#include <algorithm>
#include <utility>

namespace m8::api {

void AlertWatch::look(std::string_view exposition, WallTime now) {
  auto moment = metrics::Snapshot::parse(metrics::kpi_lines(exposition), now);
  if (!moment.ok()) return;
  while (!moments_.empty() && moments_.front().at() < now - options_.window) moments_.pop_front();
  const metrics::Snapshot* first = moments_.empty() ? nullptr : &moments_.front();
  const auto measured = metrics::kpis(metrics::window_of(first, *moment));
  auto found =
      metrics::check_thresholds(measured, options_.thresholds, options_.hold, now, states_);
  std::erase_if(found,
                [](const metrics::Alert& alert) { return alert.level == metrics::Level::kFine; });
  *alerts_.lock() = std::move(found);
  moments_.push_back(*std::move(moment));
}

std::vector<metrics::Alert> AlertWatch::alerts() const { return *alerts_.lock(); }

}  // namespace m8::api
