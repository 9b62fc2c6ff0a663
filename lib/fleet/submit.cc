#include "fleet/submit.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace m8::fleet {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPublishAtOnce = 50, kBringAtOnce = 50, kNamed = 20;
constexpr auto kShortest = 10ms, kLongest = 50ms;
constexpr auto kEndLook = 1'000ms;
constexpr auto kStoreGone = std::chrono::minutes(10);

/// A store that is restarted, or has no connection left.
bool passes(const Error& error) {
  const ErrorCode code = error.code;
  return code == ErrorCode::kNetwork || code == ErrorCode::kTimeout ||
         code == ErrorCode::kRefused || code == ErrorCode::kExhausted;
}

}  // namespace

bool Submitter::free(const Job& job) const {
  return std::none_of(job.hosts.begin(), job.hosts.end(),
                      [&](std::int64_t host) { return hosts_.count(host) > 0; });
}

void Submitter::mark(const Job& job, int by) {
  for (const std::int64_t host : job.hosts) {
    int& count = hosts_[host];
    count += by;
    if (count <= 0) hosts_.erase(host);
  }
}

/// The store may be restarted meanwhile: its errors are waited out.
Status Submitter::patiently(const std::function<Status()>& call, const std::stop_token& stop) {
  const SteadyTime until = parts_.clock.now() + kStoreGone;
  for (auto delay = 100ms;; delay = std::min(delay * 2, std::chrono::milliseconds(2'000))) {
    const Status status = call();
    if (status.ok()) return status;
    if (!passes(status.error()) || parts_.clock.now() > until) return status;
    if (delay == 400ms) parts_.say("waiting for the store: " + status.error().message);
    if (!parts_.clock.sleep_until(parts_.clock.now() + delay, stop)) return status;
  }
}

Status Submitter::run(const Next& next, std::stop_token stop) {
  M8_TRY(jobs_.begin(options_.run, options_.rate));
  for (auto& job : M8_TRY(jobs_.taken(options_.run)))
    before_.emplace(job.number, std::move(job.digest));
  next_look_ = parts_.clock.now() + options_.look;
  auto pause = kShortest;
  while (!stop.stop_requested()) {
    bool busy = false;
    const Status status = cycle(next, stop, busy);
    if (!status.ok() && !stop.stop_requested()) {
      (void)jobs_.cancel(options_.run);
      return status;
    }
    if (over()) return patiently([&] { return jobs_.end(options_.run); }, {});
    pause = busy ? kShortest : std::min(pause * 2, kLongest);
    parts_.clock.sleep_until(parts_.clock.now() + pause, stop);
  }
  M8_TRY(wind_up());
  return Error{ErrorCode::kCancelled, "interrupted"};
}

Status Submitter::cycle(const Next& next, const std::stop_token& stop, bool& busy) {
  M8_TRY(cut(next, stop));
  M8_TRY(publish(stop));
  const Status brought = patiently([&] { return bring_in(busy); }, stop);
  M8_TRY(Status(brought));
  if (parts_.progress) parts_.progress(progress_);
  M8_TRY(look_for_end());
  if (parts_.clock.now() < next_look_) return {};
  next_look_ = parts_.clock.now() + options_.look;
  const Status looked = look_for_lost(stop);
  const bool passing = !looked.ok() && looked.error().code != ErrorCode::kInternal;
  return passing ? Status() : looked;
}

/// Takes jobs while there is room for them.
Status Submitter::cut(const Next& next, const std::stop_token& stop) {
  while (!end_of_input_ && out_.size() < options_.window && held_.size() < options_.held) {
    auto [job, end] = M8_TRY(next(stop));
    end_of_input_ = progress_.all_cut = end;
    if (!job) break;
    ++progress_.jobs;
    job->key.run = options_.run;
    const auto done = before_.find(job->key.number);
    if (done != before_.end() && done->second == digest_of(to_message(*job))) {
      ++progress_.jobs_done;
      ++progress_.jobs_before;
      if (parts_.ended) parts_.ended(*job, false);
      continue;
    }
    held_.push_back(std::move(*job));
    // What can go goes first.
    if (free(held_.back()) && held_.size() >= kPublishAtOnce) break;
  }
  return {};
}

/// Sends those whose hosts nobody has.
Status Submitter::publish(const std::stop_token& stop) {
  std::vector<store::NewJob> added;
  std::vector<queue::Message> messages;
  for (auto it = held_.begin(); it != held_.end() && out_.size() < options_.window;) {
    if (messages.size() >= kPublishAtOnce) break;
    if (!free(*it)) {
      if (options_.in_order) break;  // else one might wait for another that is behind it
      ++it;
      continue;
    }
    mark(*it, 1);
    queue::Message message = to_message(*it);
    added.push_back({it->key.number, digest_of(message)});
    messages.push_back(std::move(message));
    out_.emplace(it->key.number, Out{std::move(*it)});
    it = held_.erase(it);
  }
  if (messages.empty()) return {};
  const Status kept = patiently([&] { return jobs_.add(options_.run, added); }, stop);
  M8_TRY(Status(kept));
  return parts_.broker.publish_all(options_.to, std::move(messages), stop);
}

Status Submitter::bring_in(bool& any) {
  M8_TRY(finish_batch());  // of a try before
  // Those that were given up stay there.
  const auto limit = kBringAtOnce + static_cast<std::size_t>(progress_.jobs_given_up);
  const auto ended = M8_TRY(jobs_.ended(options_.run, limit));
  for (const store::EndedJob& one : ended) {
    const auto it = out_.find(one.number);
    if (it == out_.end()) continue;  // given up, and told already
    if (options_.in_order && it != out_.begin()) break;
    M8_TRY(bring_in_one(one));
    any = true;
  }
  return finish_batch();
}

Status Submitter::bring_in_one(const store::EndedJob& ended) {
  const auto it = out_.find(ended.number);
  progress_.started_again += static_cast<std::uint64_t>(std::max(ended.attempts - 1, 0));
  if (ended.given_up) {
    ++progress_.jobs_given_up;
    if (progress_.given_up.size() < kNamed)
      progress_.given_up.push_back(fmt::format("job {}: {}", ended.number, ended.reason));
  } else {
    // All of it is here before the first record is given on: a store that goes away in between is
    // asked again.
    std::vector<std::string> parts;
    const Status read = jobs_.results({options_.run, ended.number}, [&](std::string_view lines) {
      parts.emplace_back(lines);
      return Status();
    });
    M8_TRY(Status(read));
    RecordReader reader(parts_.sink, parts_.path, parts_.extras);
    Status first;
    for (const std::string& part : parts) {
      Status given = reader.read_all(part);
      if (first.ok() && !given.ok()) first = std::move(given);
    }
    JobTotals totals = reader.totals().value_or(JobTotals{});
    if (!first.ok() && totals.scan.first_record_error.empty()) {
      ++totals.scan.records_lost;
      progress_.totals.scan.first_record_error = first.error().message;
    }
    add_totals(progress_.totals, totals);
    batch_.push_back(ended.number);
  }
  if (parts_.ended) parts_.ended(it->second.job, ended.given_up);
  mark(it->second.job, -1);
  note_progress(it->second, 0);  // it is among the totals now
  out_.erase(it);
  ++progress_.jobs_done;
  return {};
}

/// What was brought in is with the reader before the store forgets it.
Status Submitter::finish_batch() {
  if (batch_.empty()) return {};
  const Status flushed = parts_.sink.flush();
  if (!flushed.ok() && passes(flushed.error())) return flushed;
  M8_TRY(jobs_.take(options_.run, batch_));
  batch_.clear();
  return {};
}

void Submitter::look_at_progress() {
  for (const auto& [key, done] : jobs_.progress(options_.run).value_or({})) {
    const auto it = out_.find(key.number);
    if (it != out_.end()) note_progress(it->second, done);
  }
}

void Submitter::note_progress(Out& out, std::uint64_t done) {
  progress_.under_way += done - out.done;
  out.done = done;
}

/// Somebody else may have ended the run.
Status Submitter::look_for_end() {
  if (parts_.clock.now() < next_end_) return {};
  next_end_ = parts_.clock.now() + kEndLook;
  look_at_progress();
  const auto cancelled = jobs_.cancelled({&options_.run, 1});
  if (!cancelled.ok() || cancelled->empty()) return {};
  parts_.say(fmt::format("run {} was cancelled", options_.run));
  (void)wind_up();
  return Error{ErrorCode::kCancelled, fmt::format("run {} was cancelled", options_.run)};
}

/// A job is lost if nobody has it, twice in a row, while nothing waits at the broker.
Status Submitter::look_for_lost(const std::stop_token& stop) {
  if (!told_alone_ && jobs_.workers().value_or({}).empty()) {
    parts_.say("no worker is there yet: start some with m8 worker");
    told_alone_ = true;
  }
  const auto state = M8_TRY(parts_.broker.inspect(options_.work_queue, stop));
  std::vector<std::int64_t> numbers;
  for (const auto& [number, out] : out_) numbers.push_back(number);
  auto lost = state.messages > 0 ? std::vector<std::int64_t>()
                                 : M8_TRY(jobs_.forgotten(options_.run, numbers));
  std::sort(lost.begin(), lost.end());
  std::vector<std::int64_t> twice;
  std::set_intersection(lost.begin(), lost.end(), suspects_.begin(), suspects_.end(),
                        std::back_inserter(twice));
  suspects_ = std::move(lost);
  if (twice.empty()) return {};
  M8_TRY(take_unrouted(stop));
  for (const std::int64_t number : twice) {
    const auto it = out_.find(number);
    if (it == out_.end()) continue;
    queue::Message message = to_message(it->second.job);
    ++progress_.published_again;
    const queue::DeadLetterFilter filter{.queue = options_.dead_queue, .id = message.id, .max = 1};
    const auto replayed = parts_.broker.replay(filter, stop);
    if (replayed.ok() && *replayed > 0) continue;
    M8_TRY(parts_.broker.publish(options_.to, std::move(message), stop));
  }
  suspects_.clear();
  return {};
}

/// Ours of those that no queue took leave the alternate exchange's queue: they are published again.
Status Submitter::take_unrouted(const std::stop_token& stop) {
  const auto state = parts_.broker.inspect(options_.unrouted_queue, stop);
  if (!state.ok() || state->messages == 0) return {};
  auto consumer = M8_TRY(parts_.broker.consume(options_.unrouted_queue, 100, stop));
  const std::string prefix = fmt::format("{}.", options_.run);
  for (std::uint64_t i = 0; i < state->messages && i < 100; ++i) {
    auto next = consumer->next(200ms, stop);
    if (!next.ok() || !*next) break;
    if ((*next)->message.id.starts_with(prefix)) M8_TRY(consumer->ack(**next));
  }
  return {};  // the others go back with the consumer
}

/// After a stop: nothing new begins, what is under way is told to end, what is done is brought in.
Status Submitter::wind_up() {
  const Status cancelled = patiently([&] { return jobs_.cancel(options_.run); }, {});
  if (!cancelled.ok()) return {};  // over already
  const SteadyTime until = parts_.clock.now() + options_.patience;
  for (;;) {
    bool any = false;
    M8_TRY(bring_in(any));
    const auto counts = jobs_.counts(options_.run);
    const bool idle = counts.ok() && counts->started == 0 && counts->done == 0;
    if (idle || parts_.clock.now() > until) return {};
    parts_.clock.sleep_until(parts_.clock.now() + kLongest, {});
  }
}

}  // namespace m8::fleet
