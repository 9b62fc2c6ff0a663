// One workflow against one target, as a machine that callbacks drive, on the loop thread of the
// target's host.
#include <algorithm>
#include <deque>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "http/cookie_jar.h"
#include "operators/operators.h"
#include "templates/template.h"
#include "templates/workflow.h"

namespace m8::templates {
namespace {

/// Templates that one workflow runs side by side on a target.
constexpr int kAtOnce = 25;
/// Steps started on one target: matchers that fire for every event could go on for ever.
constexpr int kMaxSteps = 10'000;

/// Passes on what the steps' blocks tell, without the findings of steps that start others; progress
/// never adds up to more than was announced.
class Relay final : public protocols::Observer {
 public:
  Relay(protocols::Observer& to, bool quiet, int& progress_left)
      : to_(to), quiet_(quiet), progress_left_(progress_left) {}

  void finding(model::Finding finding) override {
    if (!quiet_) to_.finding(std::move(finding));
  }
  bool may_send(const net::Url& url) override { return to_.may_send(url); }
  void answered(const net::Url& url, const http::Response& response) override {
    to_.answered(url, response);
  }
  void failed(const net::Url& url, const Error& error) override { to_.failed(url, error); }
  void progress(int requests) override {
    requests = std::min(requests, progress_left_);
    progress_left_ -= requests;
    if (requests > 0) to_.progress(requests);
  }
  void warning(std::string_view text) override { to_.warning(text); }

 private:
  protocols::Observer& to_;
  const bool quiet_;
  int& progress_left_;
};

class WorkflowRun : public std::enable_shared_from_this<WorkflowRun> {
 public:
  WorkflowRun(const Workflow& workflow, std::shared_ptr<protocols::Execution> execution,
              protocols::Block::Done done)
      : workflow_(workflow),
        execution_(std::move(execution)),
        done_(std::move(done)),
        progress_left_(workflow.request_count()),
        aloud_(execution_->scan.observer, false, progress_left_),
        silent_(execution_->scan.observer, true, progress_left_),
        printed_(execution_->scan.with_observer(aloud_)),
        unprinted_(execution_->scan.with_observer(silent_)),
        cookies_(std::make_shared<http::CookieJar>(execution_->scan.services.clock())) {}

  // A template may be over before its start() returns: looping keeps the stack flat.
  void pump() {
    again_ = true;
    if (pumping_ || !done_) return;
    const auto alive = shared_from_this();
    pumping_ = true;
    while (std::exchange(again_, false))
      while (running_ < kAtOnce && go_on()) {
      }
    pumping_ = false;
    if (running_ == 0) finish();
  }

 private:
  /// A step under way: its templates run one after the other.
  struct Job {
    const WorkflowStep* step;
    std::size_t next = 0;
    bool any_result = false;
  };

  /// False when nothing can be started now.
  bool go_on() {
    if (execution_->stop.stop_requested()) {
      ready_.clear();
      next_step_ = workflow_.steps.size();
      return false;
    }
    if (ready_.empty()) return running_ == 0 && begin_next_step();
    const std::shared_ptr<Job> job = std::move(ready_.front());
    ready_.pop_front();
    if (job->next < job->step->templates.size()) {
      run(*job->step->templates[job->next++], job);
    } else if (job->any_result && job->step->matchers.empty()) {
      begin(job->step->subtemplates);
    }
    return true;
  }

  /// Values go no further than their top-level step.
  bool begin_next_step() {
    if (next_step_ == workflow_.steps.size()) return false;
    values_ = {};
    begin_one(workflow_.steps[next_step_++]);
    return true;
  }

  void begin(const std::vector<WorkflowStep>& steps) {
    for (const WorkflowStep& step : steps) begin_one(step);
  }

  void begin_one(const WorkflowStep& step) {
    if (started_ < kMaxSteps) {
      ready_.push_back(std::make_shared<Job>(Job{&step}));
    } else if (started_ == kMaxSteps) {
      execution_->scan.observer.warning(
          fmt::format("[{}] {} steps on {}: the rest of the workflow is not started",
                      execution_->info->id, kMaxSteps, execution_->target.input));
    }
    started_ += started_ <= kMaxSteps ? 1 : 0;
  }

  void run(const Template& one, const std::shared_ptr<Job>& job) {
    ++running_;
    auto execution = one.prepare(job->step->is_leaf() ? printed_ : unprinted_, execution_->target,
                                 execution_->builtins, execution_->stop);
    execution->owner = shared_from_this();
    execution->cookies = cookies_;
    if (!values_.empty()) execution->inherited = std::make_shared<const dsl::Variables>(values_);
    execution->on_verdict = [this, job](const operators::Verdict& verdict) {
      judge(verdict, *job);
    };
    one.start(std::move(execution), [self = shared_from_this(), job,
                                     id = one.info().id](const protocols::BlockOutcome& outcome) {
      --self->running_;
      self->add(outcome, id, *job);
      self->ready_.push_front(job);
      self->pump();
    });
  }

  void judge(const operators::Verdict& verdict, Job& job) {
    const bool result = verdict.matched || !verdict.hits.empty();
    job.any_result = job.any_result || result;
    if (job.step->is_leaf() || !result) return;
    hand_down(verdict, job.step->matchers.empty());
    std::vector<std::string> names = verdict.names;
    for (const auto& [name, values] : verdict.visible) names.push_back(name);
    for (const WorkflowStep::Matcher& matcher : job.step->matchers)
      if (matcher.holds(names)) begin(matcher.subtemplates);
  }

  /// Under matchers even one value is a list, so that {{name}} is "[v]" (templates 9.7).
  void hand_down(const operators::Verdict& verdict, bool plain) {
    for (const auto& [name, values] : verdict.visible) {
      if (plain && values.size() == 1) {
        values_.set(name, values.front());
        continue;
      }
      values_.set(name, values);
      for (std::size_t i = 0; plain && i < values.size(); ++i)
        values_.set(name + std::to_string(i), values[i]);
    }
  }

  void add(const protocols::BlockOutcome& outcome, const std::string& id, const Job& job) {
    const bool printed = job.step->is_leaf();
    total_.succeeded = total_.succeeded || (printed && outcome.succeeded);
    total_.findings += printed ? outcome.findings : 0;
    total_.requests += outcome.requests;
    if (outcome.status.ok()) return;
    if (total_.status.ok()) total_.status = outcome.status;
    execution_->scan.observer.warning(fmt::format("[{}] could not execute workflow step: {}", id,
                                                  outcome.status.error().message));
  }

  void finish() {
    aloud_.progress(std::numeric_limits<int>::max());
    std::exchange(done_, nullptr)(std::move(total_));
  }

  const Workflow& workflow_;
  std::shared_ptr<protocols::Execution> execution_;  ///< shared with who started this
  protocols::Block::Done done_;
  int progress_left_;
  Relay aloud_, silent_;
  const protocols::Surroundings printed_, unprinted_;
  std::shared_ptr<http::CookieJar> cookies_;  ///< shared by all steps
  dsl::Variables values_;                     ///< found by the steps of the current top-level one
  std::deque<std::shared_ptr<Job>> ready_;
  std::size_t next_step_ = 0;
  int running_ = 0;
  int started_ = 0;
  bool pumping_ = false, again_ = false;
  protocols::BlockOutcome total_;
};

}  // namespace

void start_workflow(const Workflow& workflow, std::shared_ptr<protocols::Execution> execution,
                    protocols::Block::Done done) {
  std::make_shared<WorkflowRun>(workflow, std::move(execution), std::move(done))->pump();
}

}  // namespace m8::templates
