#include "bench/http_services.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "bench/nginx.h"
#include "http/client_curl.h"

namespace m8::bench {
namespace {

constexpr int kCallers = 10;
constexpr int kSequential = 200;
/// The baseline makes fewer: each costs a handshake.
constexpr std::int64_t kBaselineShare = 10;
constexpr double kLeastRatio = 3;
constexpr double kLeastReuse = 99;
constexpr double kMostOverheadMs = 10;
constexpr double kMostLeft = 20;

/// What both modes share.
struct Setup {
  const Context& context;
  http::ServiceOptions options;
  http::Request request;
  net::RateLimiter limiter;
};

using Call = std::function<bool()>;

Result<std::unique_ptr<http::CurlClient>> make_client(Setup& setup) {
  return http::CurlClient::create(setup.options, setup.limiter, setup.context.clock);
}

bool answers(http::CurlClient& client, const Setup& setup) {
  const auto response = client.call(setup.request, setup.context.stop);
  return response.ok() && response->status == 200 && response->body == Nginx::page();
}

bool call_once(Setup& setup) {
  const auto client = make_client(setup);
  return client.ok() && answers(**client, setup);
}

double seconds_of(Clock& clock, const std::function<void()>& work) {
  const SteadyTime begin = clock.now();
  work();
  return std::chrono::duration<double>(clock.now() - begin).count();
}

/// \p count calls by kCallers threads; requests/s, or an error if one went wrong.
Result<double> flood(Clock& clock, std::int64_t count, const Call& call) {
  std::atomic<std::int64_t> left{count}, bad{0};
  const double seconds = seconds_of(clock, [&] {
    std::vector<std::jthread> callers;
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back([&] {
        while (left.fetch_sub(1) > 0) bad += call() ? 0 : 1;
      });
    }
  });
  if (bad > 0) {
    return Error{ErrorCode::kInternal, fmt::format("{} requests went wrong", bad.load())};
  }
  return static_cast<double>(count) / seconds;
}

/// Milliseconds of one call after another.
double sequential_ms(Clock& clock, int count, const Call& call) {
  return 1000 / static_cast<double>(count) * seconds_of(clock, [&] {
           for (int i = 0; i < count; ++i) (void)call();
         });
}

struct Rows {
  Row& throughput;
  Row& reuse;
  Row& overhead;
  Row& left;
};

Status measure_session(Setup& setup, std::int64_t count, Rows& rows) {
  const auto client = M8_TRY(make_client(setup));
  const Call call = [&] { return answers(*client, setup); };
  if (!call()) return Error{ErrorCode::kInternal, "nginx: not the page that it was given"};
  rows.throughput.ours.add(M8_TRY(flood(setup.context.clock, count, call)));
  rows.overhead.ours.add(sequential_ms(setup.context.clock, kSequential, call));
  http::SessionStats stats;
  client->add_to(stats);
  rows.reuse.ours.add(100.0 * static_cast<double>(stats.reused) /
                      static_cast<double>(stats.requests));
  return {};
}

Status measure_baseline(Setup& setup, std::int64_t count, Rows& rows) {
  const Call call = [&] { return call_once(setup); };
  rows.throughput.peer.add(M8_TRY(flood(setup.context.clock, count, call)));
  rows.overhead.peer.add(sequential_ms(setup.context.clock, kSequential / 4, call));
  rows.left.ours.add(100 * rows.overhead.ours.values().back() / rows.overhead.peer.values().back());
  return {};
}

}  // namespace

Result<Report> compare_services(const Context& context) {
  const auto server = M8_TRY(Nginx::start(context));
  Setup setup{context, {}, {}, net::RateLimiter({}, context.clock)};
  setup.options.ca_file = server.certificate();
  setup.request.url = M8_TRY(net::Url::parse(server.tls_url()));
  const std::int64_t count =
      std::max<std::int64_t>(context.flags.number<std::int64_t>("requests") / 10, kCallers);
  Report report("http");
  Rows rows{report.row("service requests over TLS", "requests/s", Bar::ratio_at_least(kLeastRatio)),
            report.row("connection reuse", "%", Bar::at_least(kLeastReuse)),
            report.row("one call after another", "ms", Bar::at_most(kMostOverheadMs)),
            report.row("time left of the baseline's", "%", Bar::at_most(kMostLeft))};
  rows.throughput.peer_name = rows.overhead.peer_name = "no-reuse: a client for each request";
  M8_TRY(alternate(
      context, [&] { return measure_session(setup, count, rows); },
      [&] { return measure_baseline(setup, std::max(count / kBaselineShare, 1L), rows); }));
  report.note(fmt::format(
      "{} callers, {} requests in each repeat (a tenth of them without reuse), TLS with "
      "verification against nginx with one worker on loopback",
      kCallers, count));
  return report;
}

}  // namespace m8::bench
