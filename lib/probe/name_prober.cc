#include "probe/name_prober.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "probe/likeness.h"

namespace m8::probe {
namespace {

constexpr std::size_t kRandomBytes = 8;

void add_one(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

/// A label that nobody made, beside \p name.
std::string random_sibling(const std::string& name) {
  std::string bytes(kRandomBytes, '\0');
  random_bytes(bytes.data(), bytes.size());
  return hex_encode(bytes) + name.substr(std::min(name.find('.'), name.size()));
}

Engine::Parts engine_parts(const NameProber::Parts& parts, model::Sink& answers) {
  return {parts.session, answers, parts.clock, parts.technologies, parts.cdn};
}

Settings engine_settings(Settings settings) {
  settings.tell_ends = true;
  return settings;
}

}  // namespace

/// One name on its way through.
struct NameProber::Visit {
  model::Hostname record;
  std::size_t targets = 0;  ///< that have not ended
  bool left = false;
  std::vector<std::function<void()>> after;  ///< when_left()
  std::shared_ptr<void> hold;                ///< Options::hold
};

/// What the probe says.
class NameProber::Answers final : public model::Sink {
 public:
  explicit Answers(NameProber& prober) : prober_(prober) {}
  Status endpoint(const model::Endpoint& record) override {
    prober_.answered(record);
    return {};
  }
  Status outcome(const model::Outcome& outcome) override {
    prober_.ended(outcome.target);
    return {};
  }

 private:
  NameProber& prober_;
};

NameProber::NameProber(Parts parts, Options options)
    : parts_(parts),
      options_(std::move(options)),
      answers_(std::make_unique<Answers>(*this)),
      engine_(engine_parts(parts_, *answers_), engine_settings(options_.settings)),
      thread_([this](std::stop_token stop) {
        (void)engine_.run([this](std::stop_token token) { return next(token); }, stop);
      }) {}

NameProber::~NameProber() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

// ---- in ----------------------------------------------------------------------------------------

Status NameProber::hostname(const model::Hostname& record) {
  if (!record.live) return parts_.names.hostname(record);
  const auto visit = std::make_shared<Visit>();
  visit->record = record;
  if (options_.hold) visit->hold = options_.hold();
  const bool tied = record.tie != model::Hostname::Tie::kNone;
  {
    const std::lock_guard lock(mutex_);
    if (tied && !ties_.insert(seeded_hash(record.hostname)).second) return {};
    if (!visits_.emplace(record.hostname, visit).second) return {};  // it is being asked
    last_ = visit;
  }
  tied ? compare(visit) : ask(visit);
  const std::lock_guard lock(mutex_);
  return std::exchange(status_, {});
}

void NameProber::compare(const VisitPtr& visit) {
  add_one(compared_);
  const std::string& name = visit->record.hostname;
  auto bare = model::parse_target(name);
  if (!bare.ok()) return leave(visit, false);
  net::Url at = std::move(bare->url);
  if (!options_.ports.empty()) {
    at.port = options_.ports.front().number;
    at.scheme = options_.ports.front().scheme;
  }
  compare_with_random(parts_.session, at, random_sibling(name), options_.settings,
                      [this, visit](const TieBreak& tie) { compared(visit, tie); });
}

void NameProber::compared(const VisitPtr& visit, const TieBreak& tie) {
  switch (tie.verdict) {
    case TieBreak::Verdict::kDistinct:
      add_one(distinct_);
      decide(*visit, tie.reason);
      return ask(visit);
    case TieBreak::Verdict::kSame:
      add_one(same_page_);
      return leave(visit, false);
    case TieBreak::Verdict::kUnknown:
      break;
  }
  leave(visit, visit->record.tie == model::Hostname::Tie::kSeen && !options_.strict);
}

void NameProber::decide(Visit& visit, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  if (visit.left) return;
  visit.record.tie = model::Hostname::Tie::kNone;
  visit.record.tie_break = reason;
}

void NameProber::ask(const VisitPtr& visit) {
  auto bare = model::parse_target(visit->record.hostname);
  if (!bare.ok()) return leave(visit, true);
  const std::lock_guard lock(mutex_);
  if (visit->left) return;
  for (const auto& port : options_.ports) {
    model::TargetSpec spec = *bare;
    spec.url.port = port.number;
    spec.url.scheme = port.scheme;
    if (!port.scheme.empty()) spec.kind = model::TargetSpec::Kind::kUrl;
    to_ask_.push_back(std::move(spec));
  }
  if (options_.ports.empty()) to_ask_.push_back(std::move(*bare));
  visit->targets = std::max<std::size_t>(options_.ports.size(), 1);
  changed_.notify_all();
}

// ---- the probe ---------------------------------------------------------------------------------

Result<std::optional<model::TargetSpec>> NameProber::next(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return !to_ask_.empty() || (ending_ && visits_.empty()); });
  if (stop.stop_requested()) return Error{ErrorCode::kCancelled, "interrupted"};
  std::optional<model::TargetSpec> spec;
  if (to_ask_.empty()) return spec;
  spec = std::move(to_ask_.front());
  to_ask_.pop_front();
  return spec;
}

NameProber::VisitPtr NameProber::find(const std::string& name) {
  const auto found = visits_.find(name);
  return found == visits_.end() ? nullptr : found->second;
}

void NameProber::answered(const model::Endpoint& record) {
  learn_from(record);
  if (parts_.endpoints != nullptr && record.live) keep(parts_.endpoints->endpoint(record));
  const std::lock_guard lock(mutex_);
  const auto visit = find(record.input);
  if (visit != nullptr && !visit->left) visit->record.endpoints.push_back(record);
}

void NameProber::ended(const std::string& name) {
  VisitPtr visit;
  {
    const std::lock_guard lock(mutex_);
    visit = find(name);
    if (visit == nullptr || visit->targets == 0 || --visit->targets > 0) return;
  }
  leave(visit, true);
}

void NameProber::learn_from(const model::Endpoint& record) const {
  if (!options_.learn) return;
  if (record.tls)
    for (const std::string& name : record.tls->names) options_.learn(name, "certificate");
  for (const std::string& name : record.csp) options_.learn(name, "csp");
  for (const std::string& text : {record.location, record.final_url})
    if (const auto url = net::Url::parse(text); url.ok()) options_.learn(url->host, "redirect");
}

// ---- out ---------------------------------------------------------------------------------------

void NameProber::leave(const VisitPtr& visit, bool kept) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(visit->left, true)) return;
  }
  if (kept) {
    add_one(names_);
    keep(parts_.names.hostname(visit->record));
  }
  std::vector<std::function<void()>> after;
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    after.swap(visit->after);
    visits_.erase(visit->record.hostname);
    if (visits_.size() + 1 == options_.most_waiting) wake = wake_;
    changed_.notify_all();
  }
  for (const auto& done : after) done();
  visit->hold.reset();
  if (wake) wake();
}

void NameProber::keep(const Status& status) {
  if (status.ok()) return;
  const std::lock_guard lock(mutex_);
  if (status_.ok()) status_ = status;
}

void NameProber::when_left(std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    const auto visit = std::exchange(last_, nullptr);
    if (visit != nullptr && find(visit->record.hostname) == visit) {
      visit->after.push_back(std::move(done));
      return;
    }
  }
  done();
}

bool NameProber::full() const {
  const std::lock_guard lock(mutex_);
  return visits_.size() >= options_.most_waiting;
}

void NameProber::on_room(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

Status NameProber::finish(std::stop_token stop) {
  std::vector<VisitPtr> interrupted;
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    changed_.wait(lock, stop, [this] { return visits_.empty(); });
    for (const auto& [name, visit] : visits_) {
      visit->after.clear();  // they are not done: a run that goes on asks them again
      interrupted.push_back(visit);
    }
  }
  for (const auto& visit : interrupted)
    leave(visit, visit->record.tie != model::Hostname::Tie::kGuess);
  if (!interrupted.empty()) return Error{ErrorCode::kCancelled, "probe: interrupted"};
  const std::lock_guard lock(mutex_);
  return std::exchange(status_, {});
}

NameProber::Counts NameProber::counts() const {
  return {names_, compared_, distinct_, same_page_, engine_.counts()};
}

}  // namespace m8::probe
