#include "api/service.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "api/openapi.h"
#include "base/json.h"
#include "base/log.h"
#include "base/process.h"
#include "base/version.h"
#include "metrics/kpi.h"
#include "metrics/metrics.h"
#include "metrics/process_metrics.h"
#include "model/severity.h"
#include "store/pages.h"
#include "store/samples.h"
#include "store/store_metrics.h"

namespace m8::api {
namespace {

using serve::Response;

constexpr auto kTick = std::chrono::seconds(5);
constexpr auto kReadTokens = std::chrono::seconds(1);
constexpr auto kCountAgain = std::chrono::seconds(5);
/// Anybody may ask: what is asked of others for that is no more than this.
constexpr auto kCheckAgain = std::chrono::seconds(5), kReadyAgain = std::chrono::seconds(1);
constexpr int kTicksOfSamples = 2;
constexpr int kTicksOfUses = 6;  // from one writing of the tokens' uses to the next

/// The guides' middleware. The handle of a series is looked up once per thread.
void observe(const Observed& seen) {
  thread_local std::unordered_map<std::string, metrics::Histogram*> handles;
  thread_local std::string key;
  key.assign(seen.method);
  key.append(seen.pattern).append(std::to_string(seen.status));
  metrics::Histogram*& handle = handles[key];
  if (handle == nullptr) {
    handle = &metrics::Registry::process().histogram(
        metrics::kHttpRequestDuration, {seen.method, seen.pattern, std::to_string(seen.status)});
  }
  handle->observe(seen.took);
}

/// Asks for next to nothing, but from the database itself.
Result<std::string> ask(store::Store& store) {
  M8_TRY(store.statements().run({"SELECT 1", {}}, [](const store::Row&) { return Status(); }));
  return std::string();
}

/// What a request is told that never gets to the routes.
Response refused(int status) {
  switch (status) {
    case 400:
      return refusal(400, "no clear request: Host once, and one length of the body");
    case 408:
      return refusal(408, "the body came too slowly");
    case 413:
      return refusal(413, "the body is too long");
    case 431:
      return refusal(431, "the request's head is too long");
    default:
      return refusal(status, "Transfer-Encoding: chunked is the only one here");
  }
}

std::vector<std::string> essential_of(const std::vector<metrics::Check>& checks) {
  std::vector<std::string> names;
  for (const metrics::Check& check : checks)
    if (check.essential) names.push_back(check.name);
  return names;
}

}  // namespace

Service::Service(ServiceOptions&& options, std::unique_ptr<store::Store> store, Clock& clock)
    : options_(std::move(options)),
      store_(std::move(store)),
      clock_(clock),
      events_(clock),
      samples_(clock),
      book_(store_->statements(), clock),
      scans_(options_.scans, store_->statements(), options_.scope, events_, clock),
      world_{*store_, scans_, events_, samples_, clock},
      router_(options_.router, book_, observe, clock),
      essential_(essential_of(options_.checks)),
      checker_(
          std::move(options_.checks), [this] { return numbers(); }, clock),
      watch_(options_.alerts) {}

Service::~Service() {
  sampling_ = {};
  pool_sampling_ = {};
  tokens_ = {};
  if (server_) server_->stop();
}

Result<std::unique_ptr<Service>> Service::create(ServiceOptions options,
                                                 std::unique_ptr<store::Store> store,
                                                 Clock& clock) {
  metrics::Check database{"database", true, {}};
  database.run = [&asked = *store](const std::stop_token&) { return ask(asked); };
  options.checks.insert(options.checks.begin(), std::move(database));
  std::unique_ptr<Service> service(new Service(std::move(options), std::move(store), clock));
  M8_TRY(service->start());
  return service;
}

void Service::add_routes() {
  router_.add(inventory_routes(world_));
  router_.add(run_routes(world_));
  router_.add(issue_routes(world_));
  router_.add(scan_routes(world_));
  router_.add(guide_routes(world_));
  router_.add(service_routes());
  router_.add(dashboard_routes());
  document_ = openapi(router_.routes());
}

Status Service::start() {
  add_routes();
  serve::Routes routes;
  Router::declare_metrics();
  routes.otherwise([this](const serve::Request& request) { return router_.answer(request); });
  options_.server.strict = true;
  options_.server.refusal = refused;
  server_ = M8_TRY(serve::Server::create(options_.server, std::move(routes)));
  events_.on_event([server = server_.get()] { server->wake(); });
  book_.refresh();
  tokens_ = metrics::Watch([this](const std::stop_token&) { book_.refresh(); }, kReadTokens);
  pool_sampling_ = store::sample_pool(*store_, options_.db_connections);
  sampling_ = metrics::Registry::process().sample([this] { measure(); });
  return scans_.start();
}

void Service::measure() {
  auto& all = metrics::Registry::process();
  metrics::sample_process(all, "m8", 0);
  const auto scans = scans_.counts();
  all.gauge(metrics::kQueueDepth, {"scans"}).set(static_cast<double>(scans.queued));
  all.gauge(metrics::kTasks).set(static_cast<double>(scans.running));
  all.gauge(metrics::kGoroutinesActive).set(static_cast<double>(scans.running));
}

/// For m8 metrics kpi and m8 alerts check, and for the alerts of this service; nothing else depends
/// on it, so an error is passed over.
void Service::keep_sample() {
  const std::string lines = metrics::kpi_lines(metrics::Registry::process().exposition());
  const WallTime now = clock_.wall();
  watch_.look(lines, now);
  (void)store_->samples().add_sample({fmt::format("m8 serve {}", ::getpid()), now, lines});
}

void Service::run(std::stop_token stop) {
  for (int tick = 0;; ++tick) {
    samples_.take([this](Sample& sample) { fill(sample); });
    events_.beat();
    (void)store_->tend();
    if (tick % kTicksOfUses == 0) book_.write_uses();
    if (tick % kTicksOfSamples == 0) keep_sample();
    if (!clock_.sleep_until(clock_.now() + kTick, stop)) break;
  }
  server_->stop();
  keep_sample();
  book_.write_uses();
}

void Service::fill(Sample& sample) {
  const auto server = server_->counters();
  sample.requests_per_second = static_cast<double>(server.requests);
  sample.connections = server.connections;
  sample.streams = events_.streams();
  if (const auto pool = store_->tend()) {
    sample.db_open = pool->open;
    sample.db_in_use = pool->in_use;
  }
  const auto scans = scans_.counts();
  sample.scans_queued = scans.queued;
  sample.scans_running = scans.running;
}

metrics::PerformanceNumbers Service::numbers() {
  metrics::PerformanceNumbers numbers;
  const auto pool = store_->tend();
  numbers.database_connections = pool ? pool->open : 1;  // an embedded one is one
  const auto scans = scans_.counts();
  numbers.active_tasks = static_cast<int>(scans.running);
  const ProcessUsage usage = process_usage();
  numbers.resident_bytes = usage.resident_bytes;
  numbers.peak_bytes = usage.peak_rss_bytes;
  numbers.available_bytes = metrics::available_memory(0);
  if (options_.queue_depths) numbers.queue_depth = options_.queue_depths();
  numbers.queue_depth["scans"] = scans.queued;
  return numbers;
}

/// "store":..,"rows":{..},"open_issues":{..}: how much there is, counted now and then.
Result<std::string> Service::counted() {
  {
    auto known = counted_.lock();
    if (!known->json.empty() && clock_.now() < known->at + kCountAgain) return known->json;
  }
  const auto info = M8_TRY(store_->info());
  json::Writer w;
  w.object().field("store", info.backend).key("rows").object();
  for (const auto& [table, count] : info.rows) w.field(table, count);
  w.end().key("open_issues").object();
  M8_TRY(store::Pages(store_->statements()).open_issues([&w](const store::Row& row) {
    const auto severity = static_cast<model::Severity>(row.integer(0));
    w.field(model::to_string(severity), row.integer(1));
    return Status();
  }));
  std::string text = w.end().end().take();
  auto known = counted_.lock();
  known->json = text.substr(1, text.size() - 2);
  known->at = clock_.now();
  return known->json;
}

/// What the dashboard shows first: who asks, and how much there is.
Result<Response> Service::summary(const Call& call) {
  const std::string counts = M8_TRY(counted());
  json::Writer w;
  w.object().field("version", version()).field("token", call.caller.name);
  std::string text = w.field("scope", to_string(call.caller.scope)).end().take();
  text.back() = ',';
  return json_answer(text + counts + '}');
}

/// As found less than \p again ago; while one caller looks anew, others have what was known.
metrics::HealthStatus Service::check(Guarded<Checked>& known, std::chrono::milliseconds again,
                                     const std::vector<std::string>& only) {
  {
    auto last = known.lock();
    const SteadyTime now = clock_.now();
    if (!last->status.checks.empty() && now < last->at + again) return last->status;
    last->at = now;
  }
  auto status = checker_.check(options_.check_deadline, only);
  auto last = known.lock();
  last->status = status;
  last->at = clock_.now();
  return status;
}

metrics::HealthStatus Service::check_all() { return check(all_checked_, kCheckAgain, {}); }

/// What is wrong now: checks that fail, this service's own figures, and those of others as
/// `m8 alerts check` last found them.
Result<Response> Service::alerts(const Call&) {
  json::Writer w;
  w.object().key("items").array();
  const auto put = [&w](std::string_view name, std::string_view state, std::string_view message) {
    w.object().field("name", name).field("state", state).field("message", message).end();
  };
  const auto status = check_all();
  for (const auto& [name, check] : status.checks)
    if (!check.healthy) put(name + " is not healthy", "firing", check.error);
  const auto own = watch_.alerts();
  for (const metrics::Alert& alert : own)
    put(alert.key, to_string(alert.level), metrics::alert_line(alert));
  for (const auto& [name, state] : M8_TRY(store_->samples().alerts())) {
    const bool known = std::any_of(own.begin(), own.end(),
                                   [&name = name](const auto& alert) { return alert.key == name; });
    const auto level = static_cast<metrics::Level>(state.level);
    if (level != metrics::Level::kFine && !known)
      put(name, to_string(level), "m8 alerts check found it, since " + rfc3339(state.since));
  }
  return json_answer(w.end().key("next").null().end().take());
}

/// Strangers (load balancers) hear whether it lives; who may read, what each check found.
Result<Response> Service::health(const Call& call) {
  if (call.caller.scope < Scope::kRead) {
    json::Writer w;
    w.object().field("status", "healthy").field("timestamp", rfc3339(clock_.wall()));
    return json_answer(w.field("service", "m8").end().take());
  }
  return json_answer(metrics::to_json(check_all()));
}

Result<Response> Service::ready(const Call&) {
  const auto status = check(essential_checked_, kReadyAgain, essential_);
  json::Writer w;
  w.object().field("status", status.ready() ? "ready" : "not ready");
  w.field("timestamp", rfc3339(status.timestamp)).field("service", "m8").key("checks").object();
  for (const auto& [name, check] : status.checks)
    if (check.essential) w.field(name, check.healthy ? "healthy" : "unhealthy");
  return json_answer(w.end().end().take(), status.ready() ? 200 : 503);
}

Result<Response> Service::queue(const Call&) {
  const auto counts = scans_.counts();
  json::Writer w;
  w.object().field("queued", std::uint64_t{counts.queued});
  w.field("running", std::uint64_t{counts.running});
  w.field("accepted", counts.accepted).field("merged", counts.merged);
  w.field("done", counts.done).field("failed", counts.failed).field("cancelled", counts.cancelled);
  const auto broker = options_.broker ? options_.broker() : std::nullopt;
  w.key("broker");
  if (!broker) return json_answer(w.null().end().take());
  w.array();
  for (const queue::QueueState& state : *broker) {
    w.object().field("queue", state.name).field("messages", state.messages);
    w.field("consumers", state.consumers).end();
  }
  return json_answer(w.end().end().take());
}

Result<Response> Service::used(const Call& call) {
  const std::chrono::seconds since(call.number("since"));
  return json_answer(samples_.json(WallTime(since)));
}

Result<Response> Service::exposition(const Call&) {
  return Response{200, metrics::Registry::process().exposition(),
                  "text/plain; version=0.0.4; charset=utf-8"};
}

Result<Response> Service::openapi_document(const Call&) { return json_answer(document_); }

std::vector<Route> Service::service_routes() {
  const auto own = [this](Result<Response> (Service::*handler)(const Call&)) -> Handler {
    return [this, handler](const Call& call) { return (this->*handler)(call); };
  };
  std::vector<Route> routes = {
      reads("/ready", "Whether it can work: 200, else 503", own(&Service::ready))
          .for_all()
          .gives("Health"),
      reads("/api/v1/summary", "Who asks, and how much there is", own(&Service::summary))
          .gives("Summary"),
      reads("/api/v1/samples", "What the service used over the last hour", own(&Service::used))
          .asks({"since"})
          .gives_many("Sample", false),
      reads("/api/v1/queue", "Scans that wait and run, and what the broker holds",
            own(&Service::queue))
          .gives("Queue"),
      reads("/api/v1/alerts", "What is wrong now", own(&Service::alerts))
          .gives_many("Alert", false),
      reads("/api/v1/openapi.json", "This document", own(&Service::openapi_document))
          .gives("OpenApi"),
  };
  for (const char* path : {"/health", "/api/v1/health"})
    routes.push_back(
        reads(path, "Whether it lives; with a token, every check", own(&Service::health))
            .for_all()
            .asks({"full"})
            .gives("Health"));
  for (const char* path : {"/metrics", "/api/v1/metrics"})
    routes.push_back(
        reads(path, "Metrics, in the text format of Prometheus", own(&Service::exposition)));
  return routes;
}

}  // namespace m8::api
