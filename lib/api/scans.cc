#include "api/scans.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "api/records.h"
#include "base/json.h"
#include "base/log.h"
#include "fleet/program.h"
#include "net/name.h"
#include "net/url.h"

namespace m8::api {

/// Requests that one child does together, and what it said of them.
struct Scans::Batch {
  const ScanType* type = nullptr;
  std::string options;
  std::vector<std::int64_t> ids;  ///< constant once it runs
  std::unordered_multimap<std::string, std::int64_t, SeededHash, std::equal_to<>> by_host;
  std::stop_source stop;
  // What follows: under the mutex.
  std::set<std::int64_t> left;  ///< not cancelled
  std::int64_t run = 0;
  std::string progress;
  std::map<std::int64_t, std::int64_t> found;
  bool again = false;  ///< it was stopped for the sake of one: the others have to be done anew
};

namespace {

constexpr std::size_t kNamed = 50;  // requests that a progress event names

std::string key_of(const store::ScanRequest& request) {
  return request.type + '\n' + request.options + '\n' + request.target;
}

std::string scan_json(const store::ScanRequest& scan) {
  json::Writer w;
  write_scan(w, scan);
  return w.take();
}

/// What failed, in the child's words.
std::string reason_of(const fleet::ProgramEnd& end) {
  if (end.reason == fleet::ProgramEnd::Reason::kDeadline) return "took too long";
  if (end.crashed()) return fmt::format("crashed: signal {}", end.exit_code - 128);
  std::string_view said = end.last_messages;
  while (said.ends_with('\n')) said.remove_suffix(1);
  // Its last line is the summary.
  std::string_view line;
  while (!said.empty() && (line.empty() || line.starts_with('{'))) {
    const auto at = said.rfind('\n');
    line = at == said.npos ? said : said.substr(at + 1);
    said = at == said.npos ? std::string_view() : said.substr(0, at);
  }
  return line.empty() ? fmt::format("exit code {}", end.exit_code) : std::string(line);
}

}  // namespace

Scans::Scans(ScanOptions options, store::Statements& statements, const net::Scope& scope,
             Events& events, Clock& clock)
    : options_(std::move(options)),
      store_(statements),
      scope_(scope),
      events_(events),
      clock_(clock),
      intake_(statements) {}

Scans::~Scans() {
  for (std::jthread& worker : workers_) worker.request_stop();
  workers_.clear();
}

Status Scans::start() {
  M8_TRY(store_.for_each_open([this](const store::ScanRequest& request) {
    store::ScanRequest again = request;
    again.state = "queued";
    again.started.reset();
    by_key_.emplace(key_of(again), again.id);
    waiting_.push_back(again.id);
    open_.emplace(again.id, std::move(again));
    return Status();
  }));
  for (unsigned i = 0; i < options_.at_once; ++i)
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  return {};
}

Status Scans::check_scope(const ScanOrder& order) const {
  for (const std::string& target : order.targets) {
    const std::string host = host_of(target);
    bool inside = false;
    if (target.find("://") != target.npos) {
      const auto url = net::Url::parse(target);
      inside = url.ok() && scope_.allows_url(*url);
    } else if (host.find('/') != host.npos) {
      inside = true;  // a network: each of its addresses is asked about when its turn comes
    } else if (const auto address = net::IpAddress::parse(host); address.ok()) {
      inside = scope_.allows_address(*address);
    } else {
      inside = scope_.allows_host(host);
    }
    if (!inside) return Error{ErrorCode::kDenied, "out of scope: " + target};
  }
  return {};
}

/// Those of \p wanted that nobody asked for yet go to \p fresh and are entered in adding_; the
/// others to \p all. kExhausted if there is no room.
Status Scans::part(std::vector<store::ScanRequest> wanted, std::vector<Accepted>& all,
                   std::vector<store::ScanRequest>& fresh) {
  const auto being_added = [this](const store::ScanRequest& request) {
    return adding_.find(key_of(request)) != adding_.end();
  };
  std::unique_lock lock(mutex_);
  added_.wait(lock, [&] { return std::none_of(wanted.begin(), wanted.end(), being_added); });
  for (store::ScanRequest& request : wanted) {
    const auto same = by_key_.find(key_of(request));
    if (same == by_key_.end()) {
      fresh.push_back(std::move(request));
    } else {
      all.push_back({open_.at(same->second), true});
    }
  }
  if (!fresh.empty() && waiting_.size() + adding_.size() + fresh.size() > options_.max_queued)
    return Error{ErrorCode::kExhausted, "too many scans wait"};
  counts_.merged += all.size();
  for (const store::ScanRequest& request : fresh) adding_.insert(key_of(request));
  return {};
}

/// What was added, of which those without an id could not be, waits from now on.
void Scans::enqueue(std::span<const store::ScanRequest> added) {
  {
    const std::lock_guard lock(mutex_);
    for (const store::ScanRequest& request : added) {
      std::string key = key_of(request);
      adding_.erase(key);
      if (request.id == 0) continue;
      open_.emplace(request.id, request);
      by_key_.emplace(std::move(key), request.id);
      waiting_.push_back(request.id);
      ++counts_.accepted;
    }
  }
  added_.notify_all();
  wanted_.notify_all();
  for (const store::ScanRequest& request : added)
    if (request.id != 0) events_.publish("scan", scan_json(request), request.id);
}

Result<std::vector<Accepted>> Scans::submit(const ScanOrder& order, const std::string& owner) {
  M8_TRY(check_scope(order));
  std::vector<store::ScanRequest> wanted, fresh;
  for (const std::string& target : order.targets) {
    store::ScanRequest& request = wanted.emplace_back();
    request.type = order.type;
    request.target = target;
    request.options = order.options;
    request.owner = owner;
    request.created = clock_.wall();
  }
  std::vector<Accepted> all;
  M8_TRY(part(std::move(wanted), all, fresh));
  const Status added = intake_.add(fresh);
  enqueue(fresh);
  M8_TRY(added);
  for (store::ScanRequest& request : fresh) all.push_back({std::move(request), false});
  std::sort(all.begin(), all.end(),
            [](const Accepted& a, const Accepted& b) { return a.scan.target < b.scan.target; });
  return all;
}

Result<store::ScanRequest> Scans::find(std::int64_t id) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(id); found != open_.end()) return found->second;
  }
  return store_.find(id);
}

Result<store::ScanRequest> Scans::cancel(std::int64_t id) {
  store::ScanRequest request;
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end()) return store_.find(id);
    request = std::move(found->second);
    open_.erase(found);
    by_key_.erase(key_of(request));
    std::erase(waiting_, id);
    ++counts_.cancelled;
    if (const auto at = running_.find(id); at != running_.end()) {
      Batch& batch = *at->second;
      batch.left.erase(id);
      batch.again = true;
      batch.stop.request_stop();
      request.run = batch.run;
    }
  }
  request.state = "cancelled";
  request.ended = clock_.wall();
  save({&request, 1});
  return request;
}

void Scans::save(std::span<const store::ScanRequest> requests) {
  const Status saved = store_.update(requests);
  if (!saved.ok()) log::get("api")->warn("scans: {}", saved.error().message);
  for (const store::ScanRequest& request : requests)
    events_.publish("scan", scan_json(request), request.id, request.over());
}

Scans::Counts Scans::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = counts_;
  counts.queued = waiting_.size();
  counts.running = running_.size();
  return counts;
}

std::string Scans::progress(std::int64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto at = running_.find(id);
  return at == running_.end() ? std::string() : at->second->progress;
}

/// The oldest request that waits, and others like it. Null once stopped.
std::shared_ptr<Scans::Batch> Scans::next_batch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!wanted_.wait(lock, stop, [this] { return !waiting_.empty(); })) return nullptr;
  const auto batch = std::make_shared<Batch>();
  const store::ScanRequest& first = open_.at(waiting_.front());
  const std::string type = first.type;
  batch->options = first.options;
  batch->type = find_scan_type(type);
  std::deque<std::int64_t> others;
  const WallTime now = clock_.wall();
  for (const std::int64_t id : waiting_) {
    store::ScanRequest& request = open_.at(id);
    if (request.type != type || request.options != batch->options ||
        batch->ids.size() >= options_.max_together) {
      others.push_back(id);
      continue;
    }
    request.state = "running";
    request.started = now;
    batch->ids.push_back(id);
    batch->left.insert(id);
    batch->by_host.emplace(host_of(request.target), id);
    running_.emplace(id, batch);
  }
  waiting_ = std::move(others);
  return batch;
}

void Scans::work(const std::stop_token& stop) {
  for (SteadyTime next{}; clock_.sleep_until(next, stop);) {
    const auto batch = next_batch(stop);
    if (!batch) return;
    next = clock_.now() + options_.gather;
    std::vector<store::ScanRequest> begun;
    {
      const std::lock_guard lock(mutex_);
      for (const std::int64_t id : batch->ids)
        if (const auto found = open_.find(id); found != open_.end()) begun.push_back(found->second);
    }
    save(begun);
    if (batch->type == nullptr) {
      finish(*batch, "failed", "a kind of scan that this version does not know");
    } else {
      run(*batch, stop);
    }
  }
}

void Scans::run(Batch& batch, const std::stop_token& stop) {
  const bool num8 = std::string_view(batch.type->program) == "num8";
  auto program = fleet::sibling_program(batch.type->program);
  if (!program.ok()) return finish(batch, "failed", program.error().message);
  fleet::ProgramOptions options;
  options.program = *std::move(program);
  options.arguments = {batch.type->command, "--jsonl", "--progress", "json", "--summary", "-"};
  const auto add = [&options](const std::vector<std::string>& more) {
    options.arguments.insert(options.arguments.end(), more.begin(), more.end());
  };
  add(num8 ? options_.num8 : options_.asmm8);
  add(batch.type->arguments);
  add(option_arguments(batch.options));
  add({"--list", "-"});
  {
    const std::lock_guard lock(mutex_);
    for (const std::int64_t id : batch.left) options.input += open_.at(id).target + '\n';
  }
  options.environment = options_.environment;
  options.nice = options_.nice;
  options.idle = options_.idle;
  options.memory = options_.memory;
  options.deadline = options_.deadline;
  fleet::ProgramOutput output;
  output.line = [&](std::string_view line) {
    take_finding(batch, line);
    return Status();
  };
  output.message = [&](std::string_view line) { take_message(batch, line); };
  const std::stop_callback forward(stop, [&batch] { batch.stop.request_stop(); });
  const auto end = fleet::run_program(options, output, clock_, batch.stop.get_token());
  if (!end.ok()) return finish(batch, "failed", end.error().message);
  if (stop.stop_requested()) return;  // taken up at the next start
  const bool again = end->reason == fleet::ProgramEnd::Reason::kStopped;
  const bool good = end->reason == fleet::ProgramEnd::Reason::kItself &&
                    (end->exit_code == 0 || end->exit_code == 3 || end->exit_code == 4);
  if (again) return finish(batch, "queued", "");
  finish(batch, good ? "done" : "failed", good ? "" : reason_of(*end));
}

/// A line of stderr: progress, the summary, or a word to people.
void Scans::take_message(Batch& batch, std::string_view line) {
  if (!line.starts_with('{')) return;
  const auto parsed = json::parse(line);
  if (!parsed.ok()) return;
  if (const auto* run = parsed->find("run")) {
    const std::lock_guard lock(mutex_);
    batch.run = run->as_int();
    return;
  }
  if (parsed->find("elapsed") == nullptr) return;
  json::Writer w;
  w.object().key("scans").array();
  for (std::size_t i = 0; i < std::min(batch.ids.size(), kNamed); ++i) w.value(batch.ids[i]);
  w.end();
  for (const char* name : {"elapsed", "done", "total", "rate", "found", "errors", "eta"}) {
    const auto* value = parsed->find(name);
    if (value == nullptr || value->is_null()) {
      w.key(name).null();
    } else {
      w.field(name, value->as_double());
    }
  }
  std::string text = w.end().take();
  {
    const std::lock_guard lock(mutex_);
    batch.progress = text;
  }
  // A stream of one scan hears it if that is the only one.
  events_.publish("progress", text, batch.ids.size() == 1 ? batch.ids.front() : 0);
}

void Scans::take_finding(Batch& batch, std::string_view line) {
  const auto event = json::parse(line);
  if (!event.ok()) return;
  const bool name = event->find("hostname") != nullptr && event->find("template-id") == nullptr;
  std::string host(event->string_at(name ? "domain" : "host"));
  if (!name) {
    // "host" of an event may be a URL or have a port.
    if (const std::string alone = host_of(host); !alone.empty()) host = alone;
  }
  std::int64_t of = 0;
  {
    const std::lock_guard lock(mutex_);
    auto [at, end] = batch.by_host.equal_range(host);
    for (; at != end; ++at) {
      ++batch.found[at->second];
      of = at->second;
    }
  }
  json::Writer w;
  w.object().field("scan", of);
  if (name) {
    w.field("hostname", event->string_at("hostname"));
  } else {
    const json::Value* info = event->find("info");
    w.field("template", event->string_at("template-id"));
    w.field("name", info ? info->string_at("name") : "");
    w.field("severity", info ? info->string_at("severity") : "");
    w.field("matched_at", event->string_at("matched-at").substr(0, 500));
  }
  events_.publish("finding", w.end().take(), of);
}

/// Writes how all requests of \p batch ended that were not cancelled meanwhile. "queued": they have
/// to wait again.
void Scans::finish(Batch& batch, std::string_view state, const std::string& reason) {
  std::vector<store::ScanRequest> ended;
  const WallTime now = clock_.wall();
  {
    const std::lock_guard lock(mutex_);
    for (const std::int64_t id : batch.ids) {
      running_.erase(id);
      const auto found = open_.find(id);
      if (found == open_.end()) continue;
      store::ScanRequest& request = found->second;
      request.state = state;
      request.run = batch.run;
      request.reason = reason;
      request.found = batch.found[id];
      if (!request.over()) {
        request.started.reset();
        waiting_.push_back(id);
        ended.push_back(request);
        continue;
      }
      request.ended = now;
      ++(state == "done" ? counts_.done : counts_.failed);
      by_key_.erase(key_of(request));
      ended.push_back(std::move(request));
      open_.erase(found);
    }
  }
  save(ended);
  if (state == "queued") wanted_.notify_all();
}

}  // namespace m8::api
