#include "scan/target_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "protocols/http_request.h"

namespace m8::scan {
namespace {

constexpr std::chrono::milliseconds kRetryDelay{10};

protocols::Surroundings surroundings(const protocols::Surroundings& scan,
                                     protocols::Observer& observer, protocols::TlsPorts& ports) {
  protocols::Surroundings out = scan.with_observer(observer);
  out.tls_ports = &ports;
  return out;
}

}  // namespace

TargetRun::TargetRun(const RunSurroundings& scan, model::Target target, Owner& owner)
    : scan_(scan),
      surroundings_(surroundings(scan.protocols, *this, tls_ports_)),
      target_(std::move(target)),
      owner_(owner) {}

void TargetRun::finding(model::Finding finding) {
  if (finding.matched) findings_.fetch_add(1, std::memory_order_relaxed);
  if (scan_.keeps_findings) {
    auto kept = kept_.lock();
    if (!kept->closed) {
      kept->findings.push_back(std::move(finding));
      return;
    }
  }
  scan_.protocols.observer.finding(std::move(finding));
}

bool TargetRun::may_send(const net::Url& url) { return scan_.protocols.observer.may_send(url); }

void TargetRun::answered(const net::Url& url, const http::Response& response) {
  if (is_here(url)) pace(response.duration);
  scan_.protocols.observer.answered(url, response);
}

void TargetRun::failed(const net::Url& url, const Error& error) {
  // Before the first answer nobody knows what is slow here.
  if (error.code == ErrorCode::kTimeout && is_here(url) && known_)
    pace(surroundings_.settings.timeout);
  scan_.protocols.observer.failed(url, error);
}

void TargetRun::progress(int requests) { scan_.protocols.observer.progress(requests); }

void TargetRun::warning(std::string_view text) { scan_.protocols.observer.warning(text); }

void TargetRun::probe() {
  probe::probe_scheme(
      scan_.protocols.session, target_.url, scan_.probing,
      [self = shared_from_this()](Result<probe::Probed> found) {
        if (found.ok()) {
          self->target_.url = std::move(found->url);
          self->answered(self->target_.url, found->answer);
          self->owner_.probed(self);
          return;
        }
        const bool stopped = found.error().code == ErrorCode::kCancelled;
        self->skip_rest(
            fmt::format("no answer to probes ({})", to_string(found.error().code)),
            stopped ? TargetOutcome::Kind::kInterrupted : TargetOutcome::Kind::kSkipped);
        self->finish_if_over();
      });
}

std::vector<model::Finding> TargetRun::take_findings() {
  auto kept = kept_.lock();
  kept->closed = true;
  return std::move(kept->findings);
}

void TargetRun::join() {
  if (!scan_.front || scan_.templates.empty()) return;
  scan_.front->enter();
  in_front_ = 0;
}

void TargetRun::run() {
  scan_.protocols.session.post(target_.url.host, [self = shared_from_this()] { self->begin(); });
}

void TargetRun::host_answered() {
  scan_.protocols.session.post(target_.url.host, [self = shared_from_this()] {
    if (self->finished_) return;  // and what scan_ refers to may be gone
    self->known_ = true;
    self->pump();
  });
}

void TargetRun::begin() {
  host_key_ = HostBudget::key(target_.url);
  builtins_ = std::make_shared<protocols::TargetNames>(target_);
  // What has no target knows nothing of a host, and each template asks another.
  known_ = target_.url.host.empty() || scan_.budget.has_answered(host_key_);
  if ((scan_.choice || scan_.unchanged) && !target_.url.host.empty()) return look_first();
  pump();
}

namespace {

/// What a browser would ask first. \p user_agent: empty = any.
http::Request first_page(const net::Url& url, const protocols::Surroundings& scan,
                         std::string user_agent) {
  if (user_agent.empty()) user_agent = protocols::random_user_agent(scan.services);
  http::Request request;
  request.url = url;
  request.headers = {
      {"Host", url.authority()}, {"User-Agent", std::move(user_agent)}, {"Accept", "*/*"}};
  for (const http::Header& header : scan.settings.headers) request.headers.push_back(header);
  request.timeout = scan.settings.timeout;
  request.retries = scan.settings.retries;
  request.redirects = http::Request::Redirects::kSameHost;
  return request;
}

}  // namespace

/// Asks for the first page and goes on with the templates that fit it, or with none.
void TargetRun::look_first() {
  waiting_ = true;
  // A page may depend on who asks; the same asks again.
  const std::string user_agent = scan_.unchanged ? scan_.probing.user_agent : std::string();
  scan_.protocols.session.send(first_page(target_.url, surroundings_, user_agent),
                               [self = shared_from_this()](const Result<http::Exchange>& answer) {
                                 if (self->finished_)
                                   return;  // and what scan_ refers to may be gone
                                 self->waiting_ = false;
                                 if (answer.ok()) {
                                   self->answered(self->target_.url, answer->hops.front());
                                   self->known_ = true;
                                 } else if (answer.error().code != ErrorCode::kCancelled) {
                                   self->failed(self->target_.url, answer.error());
                                 }
                                 if (self->scan_.unchanged && answer.ok())
                                   self->compare(answer->final());
                                 if (self->scan_.choice && !self->unchanged_) self->choose(answer);
                                 self->pump();
                               });
}

void TargetRun::compare(const http::Response& answer) {
  answer_digest_ = Unchanged::digest(answer);
  unchanged_ = scan_.unchanged->same(target_.url.to_string(), answer_digest_);
  if (!unchanged_) return;
  log::get("scan")->info("skipped target={}: unchanged", target_.url.to_string());
  skip_rest("unchanged since it was last scanned in full", TargetOutcome::Kind::kSkipped);
}

void TargetRun::choose(const Result<http::Exchange>& answer) {
  const auto& templates = scan_.templates;
  if (answer.ok()) {
    chosen_ = scan_.choice->chosen(templates, answer->final());
  } else {
    chosen_.assign(templates.size(), false);
  }
  if (std::find(chosen_.begin(), chosen_.end(), true) == chosen_.end())
    warning(fmt::format("{}: no template fits what its first page shows", target_.input));
}

/// Before the host's first answer one template goes ahead, so that a dead host costs one connection
/// and not as many as run side by side.
int TargetRun::limit() const {
  return known_ ? pace_.limit(scan_.templates_at_once.load(std::memory_order_relaxed)) : 1;
}

/// What other hosts do says nothing about this one, and may be told on other threads.
bool TargetRun::is_here(const net::Url& url) const { return url.host == target_.url.host; }

void TargetRun::pace(HostPace::Time took) {
  if (!pace_.took(took, running_)) return;
  log::get("scan")->info("host={} answers in {} ms, {} ms before: {} templates at once", host_key_,
                         pace_.last().count() / 1000, pace_.usual().count() / 1000, limit());
}

// An execution may be over before start() returns: looping keeps the stack flat.
void TargetRun::pump() {
  again_ = true;
  if (pumping_) return;
  pumping_ = true;
  while (std::exchange(again_, false))
    while (running_ < limit() && more_may_start()) start_next();
  pumping_ = false;
  move_front();
  finish_if_over();
}

bool TargetRun::more_may_start() {
  if (waiting_ || next_ >= scan_.templates.size()) return false;
  if (scan_.stop.stop_requested()) {
    skip_rest("interrupted", TargetOutcome::Kind::kInterrupted);
    return false;
  }
  if (!scan_.budget.may_send(host_key_)) {
    skip_rest("host is unresponsive", TargetOutcome::Kind::kSkipped);
    return false;
  }
  // One goes on in any case, or nobody would ever make room.
  const bool pressed = scan_.memory && scan_.memory->tight() && running_ > 0;
  if (!scan_.records.congested() && !pressed) return !waits_for_others();
  wait_for_room();
  return false;
}

/// True if other targets have to catch up first; it goes on by itself then.
bool TargetRun::waits_for_others() {
  if (!in_front_) return false;
  move_front();
  const auto wake = [self = shared_from_this()] {
    self->scan_.protocols.session.post(self->target_.url.host, [self] {
      self->waiting_ = false;
      if (!self->finished_) self->pump();
    });
  };
  if (scan_.front->may_begin(next_, wake)) return false;
  waiting_ = true;
  return true;
}

void TargetRun::move_front() {
  if (!in_front_ || *in_front_ == next_) return;
  scan_.front->move(*in_front_, next_);
  in_front_ = next_ < scan_.templates.size() ? std::optional(next_) : std::nullopt;
}

void TargetRun::wait_for_room() {
  waiting_ = true;
  scan_.protocols.session.post(
      target_.url.host,
      [self = shared_from_this()] {
        self->waiting_ = false;
        self->pump();
      },
      kRetryDelay);
}

void TargetRun::start_next() {
  const std::size_t number = next_;
  const templates::Template& next = *scan_.templates[number];
  if (!chosen_.empty() && !chosen_[number]) {
    ++next_;
    progress(next.request_count());
    return;
  }
  // All that needs no target is of no host.
  const bool counted = !target_.url.host.empty();
  if (counted && !scan_.budget.enter(host_key_)) return wait_for_room();
  ++next_;
  if (job.journal && !job.journal->begin(number)) {
    if (counted) scan_.budget.leave(host_key_);
    ++outcome_.resumed;
    progress(next.request_count());
    return;
  }
  ++running_;
  outcome_.executions += static_cast<int>(next.members());
  auto execution = next.prepare(surroundings_, target_, builtins_, scan_.stop);
  execution->owner = shared_from_this();
  next.start(execution, [self = shared_from_this(), execution, number,
                         &next](const protocols::BlockOutcome& outcome) {
    --self->running_;
    if (self->finished_) return;  // and what scan_ refers to may be gone
    if (!self->target_.url.host.empty()) self->scan_.budget.leave(self->host_key_);
    if (!outcome.status.ok()) self->report_failure(next, outcome.status.error());
    if (execution->unmatched && outcome.findings == 0)
      self->finding(std::move(*execution->unmatched));
    self->keep(number, outcome);
    self->known_ = true;
    self->pump();
  });
}

/// What a template did not find because nobody answered is not known to be gone.
void TargetRun::report_failure(const templates::Template& one, const Error& error) {
  const std::string target = job.id == 0 ? std::string() : target_.url.to_string();
  ++failures_;
  for (std::string& id : one.ids())
    scan_.records.add(
        model::Outcome{model::Outcome::Kind::kFailed, target, std::move(id), error.message});
}

/// What was cut short is no finished work.
void TargetRun::keep(std::size_t number, const protocols::BlockOutcome& outcome) {
  const bool cut = scan_.stop.stop_requested() ||
                   (!outcome.status.ok() && outcome.status.error().code == ErrorCode::kCancelled);
  if (job.journal && !cut) job.journal->finished(number);
}

void TargetRun::skip_rest(std::string reason, TargetOutcome::Kind kind) {
  outcome_.kind = kind;
  outcome_.reason = std::move(reason);
  const bool told =
      kind == TargetOutcome::Kind::kSkipped && !unchanged_ && surroundings_.settings.matcher_status;
  std::uint64_t requests = 0;
  for (; next_ < scan_.templates.size(); ++next_) {
    outcome_.skipped += scan_.templates[next_]->members();
    requests += static_cast<std::uint64_t>(scan_.templates[next_]->request_count());
    if (told) tell_skipped(*scan_.templates[next_]);
  }
  scan_.requests_done.fetch_add(requests, std::memory_order_relaxed);
}

/// -ms (cli-and-output 5.5).
void TargetRun::tell_skipped(const templates::Template& skipped) {
  model::Finding event;
  event.info = skipped.whole_info();
  event.host = target_.input;
  event.matched = false;
  event.error = "host was skipped as it was found unresponsive";
  event.timestamp = surroundings_.services.clock().wall();
  finding(std::move(event));
}

void TargetRun::finish_if_over() {
  if (finished_ || running_ > 0 || next_ < scan_.templates.size()) return;
  finished_ = true;
  const bool full = outcome_.kind == TargetOutcome::Kind::kDone && outcome_.skipped == 0 &&
                    outcome_.resumed == 0 && failures_ == 0 && !scan_.stop.stop_requested();
  if (full && !answer_digest_.empty())
    scan_.unchanged->keep(target_.url.to_string(), answer_digest_);
  owner_.finished(*this, outcome_);
}

}  // namespace m8::scan
