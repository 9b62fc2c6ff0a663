/// `m8 bench http`: the target engine, one loop, against nginx on loopback; wrk is the peer.
#include <atomic>
#include <charconv>
#include <latch>

#include <fmt/format.h>
#include <sys/resource.h>

#include "base/file.h"
#include "bench/http_services.h"
#include "bench/nginx.h"
#include "bench/registry.h"
#include "http/session.h"

namespace m8::bench {
namespace {

constexpr int kInFlight = 50;
constexpr auto kWait = std::chrono::seconds(60);
constexpr double kLeastRatio = 0.4;
constexpr double kLeastReuse = 99;

/// Only addresses are asked for here.
class NoLookup final : public net::HostLookup {
 public:
  void lookup(const std::string& host, Callback done) override {
    done(Error{ErrorCode::kNotFound, host});
  }
};

/// What a session borrows, and the session.
struct Engine {
  explicit Engine(Clock& clock) : limiter({}, clock) {}
  NoLookup lookup;
  net::Scope scope;
  net::RateLimiter limiter;
  std::unique_ptr<http::Session> session;
};

Result<std::unique_ptr<Engine>> make_engine(Clock& clock) {
  auto engine = std::make_unique<Engine>(clock);
  http::Session::Options options;
  options.loops = 1;
  options.max_idle_per_host = kInFlight;
  engine->session =
      M8_TRY(http::Session::create(options, engine->lookup, engine->scope, engine->limiter, clock));
  return engine;
}

Result<http::Request> make_request(const Nginx& server) {
  http::Request request;
  request.url = M8_TRY(net::Url::parse(server.url()));
  request.headers = {{"Host", request.url.authority()},
                     {"User-Agent", "m8-bench"},
                     {"Accept", "*/*"},
                     {"Accept-Encoding", "gzip"}};
  request.transparent_gzip = true;
  return request;
}

/// kInFlight chains of requests, each sent from the callback of the one before.
class Flood {
 public:
  Flood(http::Session& session, const http::Request& request, std::int64_t count)
      : session_(session), request_(request), left_(count), chains_(kInFlight) {}
  void run() {
    for (int i = 0; i < kInFlight; ++i) next();
    chains_.wait();
  }
  std::int64_t bad() const { return bad_.load(); }

 private:
  void next() {
    if (left_.fetch_sub(1, std::memory_order_relaxed) <= 0) return chains_.count_down();
    session_.send(request_, [this](Result<http::Exchange> exchange) {
      if (!exchange.ok() || exchange->final().status != 200) ++bad_;
      next();
    });
  }

  http::Session& session_;
  const http::Request& request_;
  std::atomic<std::int64_t> left_;
  std::atomic<std::int64_t> bad_{0};
  std::latch chains_;
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// The rows that a repeat of ours and of the peer fills.
struct Rows {
  Row& throughput;
  Row& cpu;
  Row& reuse;
};

Status check_answer(Engine& engine, const http::Request& request, std::stop_token stop) {
  const auto exchange = M8_TRY(engine.session->fetch(request, stop));
  if (exchange.final().status != 200 || exchange.final().body != Nginx::page()) {
    return Error{ErrorCode::kInternal, "nginx: not the page that it was given"};
  }
  return {};
}

Status measure_ours(const Context& context, const http::Request& request, std::int64_t count,
                    Rows& rows) {
  const auto engine = M8_TRY(make_engine(context.clock));
  M8_TRY(check_answer(*engine, request, context.stop));
  const http::SessionStats before = engine->session->stats();
  const double cpu = cpu_seconds();
  const SteadyTime begin = context.clock.now();
  Flood flood(*engine->session, request, count);
  flood.run();
  const std::chrono::duration<double> wall = context.clock.now() - begin;
  const auto done = static_cast<double>(count);
  rows.cpu.ours.add((cpu_seconds() - cpu) * 1e6 / done);
  rows.throughput.ours.add(done / wall.count());
  const http::SessionStats after = engine->session->stats();
  rows.reuse.ours.add(100.0 * static_cast<double>(after.reused - before.reused) / done);
  if (flood.bad() == 0) return {};
  return Error{ErrorCode::kInternal, fmt::format("{} requests went wrong", flood.bad())};
}

/// The number after \p label in wrk's output.
Result<double> wrk_figure(const std::string& text, std::string_view label) {
  const std::size_t at = text.find(label);
  const std::size_t begin = at == text.npos ? at : text.find_first_of("0123456789", at);
  double value = 0;
  if (begin != text.npos) std::from_chars(text.data() + begin, text.data() + text.size(), value);
  if (value > 0) return value;
  return Error{ErrorCode::kInternal, fmt::format("wrk: no \"{}\" in its output", label)};
}

Status measure_wrk(const Context& context, const std::string& wrk, const Nginx& server, int seconds,
                   Rows& rows) {
  const std::string out = context.temp_directory + "/wrk.out";
  ChildOptions options;
  options.arguments = {wrk, "-t1", fmt::format("-c{}", kInFlight), fmt::format("-d{}s", seconds),
                       server.url()};
  options.output = ChildStream::file(out);
  const ChildUsage usage = M8_TRY(run_checked(context, options, kWait));
  const std::string text = M8_TRY(read_file(out));
  const double rate = M8_TRY(wrk_figure(text, "Requests/sec:"));
  const std::chrono::duration<double> wall = usage.wall;
  rows.throughput.peer.add(rate);
  rows.cpu.peer.add(static_cast<double>(usage.cpu().count()) / (rate * wall.count()));
  return {};
}

Result<Report> run(const Context& context) {
  if (!context.flags.text("baseline").empty()) return compare_services(context);
  const std::string wrk = M8_TRY(context.peer_program("wrk", "wrk"));
  const auto server = M8_TRY(Nginx::start(context));
  const http::Request request = M8_TRY(make_request(server));
  const std::int64_t count = context.flags.number("requests");
  Report report("http");
  Rows rows{report.row("throughput", "requests/s", Bar::ratio_at_least(kLeastRatio)),
            report.row("CPU per request", "us"),
            report.row("connection reuse", "%", Bar::at_least(kLeastReuse))};
  rows.throughput.peer_name = rows.cpu.peer_name = "wrk -t1 -c50";
  const int seconds = 2;
  M8_TRY(alternate(
      context, [&] { return measure_ours(context, request, count, rows); },
      [&] { return measure_wrk(context, wrk, server, seconds, rows); }));
  report.note(
      fmt::format("one loop thread, {} in flight, {} requests in each repeat, nginx with "
                  "one worker on loopback, a page of {} bytes",
                  kInFlight, count, Nginx::page().size()));
  return report;
}

std::vector<cli::Flag> flags() {
  cli::Flag requests;
  requests.name = "requests";
  requests.argument = "N";
  requests.section = "Benchmark";
  requests.brief = "requests in each repeat";
  requests.initial = "100000";
  requests.type = cli::ValueType::number(1000, 1'000'000'000);
  cli::Flag baseline;
  baseline.name = "baseline";
  baseline.argument = "MODE";
  baseline.section = "Benchmark";
  baseline.brief = "measure the service session against this mode instead";
  baseline.detail = "no-reuse: a new client, and so a new connection with TLS, for each request.";
  baseline.choices = {"no-reuse"};
  return {requests, baseline};
}

}  // namespace

extern const Workload kHttp;
const Workload kHttp{
    "http", "requests against nginx: targets against wrk, or services against a client for each",
    flags, run};

}  // namespace m8::bench
