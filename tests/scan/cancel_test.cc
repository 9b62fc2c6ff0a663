// A scan that is stopped at any moment leaves nothing behind: no thread, no descriptor, no file, no
// connection at the servers; and what the store has is whole.
#include <atomic>
#include <future>
#include <map>
#include <random>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/temp_file.h"
#include "dns/host_lookup.h"
#include "http/session.h"
#include "lab/hosts.h"
#include "lab/lab.h"
#include "scan/engine.h"
#include "support/process_state.h"
#include "support/round_store.h"
#include "templates/template.h"

using namespace m8;
using namespace m8::scan;
using namespace m8::test;

namespace {

constexpr int kRounds = 200;
constexpr std::size_t kHosts = 12, kTemplates = 6, kNames = 4;

/// Counts what happens, and asks for the stop at the event that was drawn.
class Trigger {
 public:
  explicit Trigger(int at) : at_(at) {}
  /// \p during: it can't come after the end of the run. A record can: run() does not wait until it
  /// is written.
  void event(bool during) {
    if (++events_ != at_) return;
    stop.request_stop();
    if (during) asked_during_ = true;
  }
  int events() const { return events_; }
  bool asked_during() const { return asked_during_; }
  std::stop_source stop;

 private:
  const int at_;
  std::atomic<int> events_{0};
  std::atomic<bool> asked_during_{false};
};

/// The lab's servers, on a thread of their own.
class Servers {
 public:
  Servers() : poller_(net::Poller::create().value()), web_(poller_, std::chrono::milliseconds(1)) {
    for (std::size_t i = 0; i < kHosts; ++i) {
      const auto at = web_.listen({lab::extra_host_address(i), port_},
                                  [this](const auto& request) { return answer(request); });
      REQUIRE(at.ok());
      port_ = at->port;
    }
    thread_ = std::jthread([this](std::stop_token stop) {
      while (!stop.stop_requested()) poller_.poll(std::chrono::milliseconds(50));
    });
  }
  ~Servers() {
    thread_.request_stop();
    poller_.wake();
    thread_.join();
  }

  std::string url(std::size_t i) const {
    return fmt::format("http://{}:{}", lab::extra_host_address(i).to_string(), port_);
  }
  std::uint16_t port() const { return port_; }
  /// Each request is an event of \p trigger from now on; null: of nobody.
  void tell(Trigger* trigger) { trigger_.store(trigger); }
  std::size_t open_connections() {
    std::promise<std::size_t> count;
    poller_.post([&] { count.set_value(web_.open_connections()); });
    return count.get_future().get();
  }

 private:
  lab::WebResponse answer(const lab::WebRequest& request) {
    if (Trigger* trigger = trigger_.load()) trigger->event(true);
    const bool yes = request.target.find("yes") != std::string::npos;
    return lab::web_page(200, "text/plain", yes ? "yes" : "no");
  }

  net::Poller poller_;
  std::atomic<Trigger*> trigger_{nullptr};
  lab::WebServer web_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

/// Findings, outcomes and jobs are events; a store keeps them.
class CountingSink final : public model::Sink, public JobSink {
 public:
  CountingSink(Trigger& trigger, model::Sink& next) : trigger_(trigger), next_(next) {}
  Status finding(const model::Finding& finding) override {
    trigger_.event(false);
    return next_.finding(finding);
  }
  Status outcome(const model::Outcome& outcome) override {
    trigger_.event(false);
    return next_.outcome(outcome);
  }
  Status endpoint(const model::Endpoint& endpoint) override {
    trigger_.event(false);
    return next_.endpoint(endpoint);
  }
  Status job(const JobResult& job) override {
    trigger_.event(false);
    ++jobs;
    ended += job.error.empty() ? 1 : 0;
    return {};
  }
  Status flush() override { return next_.flush(); }
  std::uint64_t jobs = 0, ended = 0;

 private:
  Trigger& trigger_;
  model::Sink& next_;
};

Templates make_templates(dsl::Services& services) {
  Templates made;
  for (std::size_t i = 0; i < kTemplates; ++i) {
    const std::string text = fmt::format(
        "id: t-{0}\ninfo:\n  name: n\n  author: a\n  severity: info\nhttp:\n"
        "  - path: ['{{{{BaseURL}}}}/{0}/{1}', '{{{{BaseURL}}}}/{0}/b']\n    matchers:\n"
        "      - type: word\n        words: [yes]\n",
        i, i % 2 == 0 ? "yes" : "no");
    const auto document = templates::read_document(text, {});
    REQUIRE(document.ok());
    auto compiled = templates::Template::compile(*document, {}, services);
    REQUIRE(compiled.ok());
    made.push_back(std::move(compiled).value());
  }
  return made;
}

/// URLs, bare addresses to be probed, and names to be looked up, in turn.
std::vector<std::string> make_targets(const Servers& servers) {
  std::vector<std::string> targets;
  for (std::size_t i = 0; i < kHosts; ++i)
    targets.push_back(i % 3 == 0 ? servers.url(i).substr(7) : servers.url(i));
  for (std::size_t i = 0; i < kNames; ++i)
    targets.push_back(fmt::format("http://n{}.localhost:{}", i, servers.port()));
  targets.push_back("http://name.invalid:1");
  return targets;
}

struct Round {
  std::mt19937& random;
  Servers& servers;
  const Templates& templates;
  dsl::Services& services;
  std::string folder;
};

/// One scan with everything it needs, made and unmade. Returns the events seen.
int scan_once(const Round& round, int stop_at) {
  Clock& clock = SystemClock::instance();
  Trigger trigger(stop_at);
  round.servers.tell(&trigger);
  dns::HostLookupOptions lookups;
  lookups.resolver.servers = {
      net::SocketAddress{net::IpAddress::v4(0x7f000001), 9}};  // nobody answers there
  lookups.resolver.timeout = std::chrono::milliseconds(20);
  lookups.resolver.attempts = 2;
  const auto lookup = dns::HostLookup::create(std::move(lookups), clock).value();
  const net::Scope scope;
  net::RateLimiter limiter({}, clock);
  http::Session::Options options;
  options.loops = 1 + static_cast<int>(round.random() % 2);
  auto session = http::Session::create(options, *lookup, scope, limiter, clock).value();
  RoundStore store(round.folder);
  CountingSink sink(trigger, store);
  protocols::Settings settings;
  settings.retries = 0;
  const dsl::Variables overrides;
  EngineOptions engine_options;
  engine_options.targets_at_once = 1 + static_cast<int>(round.random() % 5);
  engine_options.probing.retries = 0;
  // Half of the rounds give no grace: then the session ends what is in flight.
  if (round.random() % 2 == 0) engine_options.stop_grace = std::chrono::milliseconds(0);
  Engine engine(round.templates,
                {*session, sink, round.services, settings, overrides, scope, clock, nullptr, &sink},
                engine_options);
  model::TargetReader reader({make_targets(round.servers), {}, {}, 1000, {}});
  const Status status = engine.run(
      [&](std::stop_token token) {
        trigger.event(true);
        return reader.next(token);
      },
      trigger.stop.get_token());
  const bool stopped = !status.ok();
  if (stopped) session.reset();
  engine.close();
  session.reset();
  round.servers.tell(nullptr);
  const Totals totals = engine.totals();
  if (stopped) CHECK(trigger.stop.stop_requested());
  if (trigger.asked_during()) CHECK(stopped);
  CHECK(totals.targets_ended <= totals.targets);
  CHECK(sink.ended == totals.targets_done);
  if (!stopped) CHECK(sink.jobs == totals.targets);
  CHECK(totals.records_lost == 0);
  store.end_and_check(stopped ? "interrupted" : "done", totals.findings);
  return trigger.events();
}

}  // namespace

TEST_CASE("scan/cancel: stopped at 200 random moments, nothing is left") {
  std::mt19937 random(20261128);
  Servers servers;
  dsl::Services services;
  const Templates templates = make_templates(services);
  const auto temp = TempDirectory::create("/tmp");
  REQUIRE(temp.ok());
  const Round round{random, servers, templates, services, temp->path()};
  const int events = scan_once(round, -1);  // to its end, and so everything lazy is there
  REQUIRE(events > 100);
  const auto settled = [&] {
    const auto until = SystemClock::instance().now() + std::chrono::seconds(20);
    while (servers.open_connections() > 0 && SystemClock::instance().now() < until)
      std::this_thread::yield();
    return servers.open_connections() == 0;
  };
  REQUIRE(settled());
  const ProcessState before = ProcessState::read(temp->path());
  std::map<bool, int> cut;
  for (int i = 0; i < kRounds; ++i) {
    const int at = 1 + static_cast<int>(random() % static_cast<unsigned>(events));
    CAPTURE(i);
    CAPTURE(at);
    ++cut[scan_once(round, at) < events];
    REQUIRE(settled());
    const ProcessState after = ProcessState::read(temp->path());
    REQUIRE(after.threads == before.threads);
    REQUIRE(after.descriptors == before.descriptors);
    REQUIRE(after.temp_files == before.temp_files);
  }
  CHECK(cut[true] > kRounds / 2);  // most of them had something left to do
}
