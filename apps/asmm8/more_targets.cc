#include "more_targets.h"

#include "net/name.h"

namespace m8::asmm8 {
namespace {

constexpr std::size_t kMostWaiting = 1'000'000;

}  // namespace

void MoreTargets::learn(const model::Endpoint& record) {
  if (!record.live) return;
  if (certificates_ && record.tls) {
    for (const std::string& name : record.tls->names) offer(name);
    offer(record.tls->subject_cn);
  }
  if (policies_) {
    for (const std::string& name : record.csp) offer(name);
  }
}

void MoreTargets::offer(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  const auto parsed = net::Name::parse(name);
  if (!parsed.ok()) return;
  auto spec = model::parse_target(parsed->text());
  if (!spec.ok()) return;
  const std::lock_guard lock(mutex_);
  if (waiting_.size() < kMostWaiting && seen_.insert(parsed->text()))
    waiting_.push_back(std::move(*spec));
}

Result<std::optional<model::TargetSpec>> MoreTargets::next(model::TargetReader& reader,
                                                           std::stop_token stop) {
  {
    const std::lock_guard lock(mutex_);
    if (!waiting_.empty()) {
      std::optional<model::TargetSpec> spec = std::move(waiting_.front());
      waiting_.pop_front();
      return spec;
    }
  }
  auto spec = M8_TRY(reader.next(std::move(stop)));
  if (!spec || (!certificates_ && !policies_)) return spec;
  const std::lock_guard lock(mutex_);
  seen_.insert(spec->url.host);
  return spec;
}

bool MoreTargets::empty() const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty();
}

}  // namespace m8::asmm8
