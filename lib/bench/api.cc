/// `m8 bench api`: the API over PostgreSQL: pages of a million endpoints under wrk, the guides'
/// load, and streams that have nothing to say.
///
/// Every answer is checked: wrk counts what is no 2xx, the load counts what is not the status that
/// it has to be, and every scan that was accepted has to end.
#include <algorithm>
#include <atomic>
#include <latch>
#include <set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/guarded.h"
#include "base/json.h"
#include "bench/api_server.h"
#include "bench/pg_server.h"
#include "bench/registry.h"
#include "cli/make_flag.h"
#include "http/session.h"
#include "lab/plan.h"
#include "net/socket.h"
#include "store/pg_connection.h"
#include "store/store.h"

namespace m8::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPage = 100;
constexpr int kStreams = 2'000;
constexpr auto kWait = std::chrono::seconds(120);

// Cursors as the API makes them: unpadded base64url of a URL. The keys are those of fill().
constexpr std::string_view kScript = R"lua(
local code = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local function base64url(text)
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local n = a * 65536 + (b or 0) * 256 + (c or 0)
    for k = 3, c and 0 or b and 1 or 2, -1 do
      local at = math.floor(n / 64 ^ k) % 64
      out[#out + 1] = code:sub(at + 1, at + 1)
    end
  end
  return table.concat(out)
end
function init(args)
  math.randomseed(os.time())
  headers = {Authorization = "Bearer " .. args[1]}
  last = tonumber(args[2])
end
function request()
  local key = string.format("https://host-%07d.bench.example:8443/", math.random(0, last))
  return wrk.format("GET", "/api/v1/endpoints?limit=100&cursor=" .. base64url(key), headers)
end
)lua";

/// Only addresses are asked for here.
class NoLookup final : public net::HostLookup {
 public:
  void lookup(const std::string& host, Callback done) override {
    done(Error{ErrorCode::kNotFound, host});
  }
};

/// Asks the server.
class Asker {
 public:
  static Result<std::unique_ptr<Asker>> create(const ApiServer& server, Clock& clock) {
    std::unique_ptr<Asker> asker(new Asker(server, clock));
    http::Session::Options options;
    options.loops = 1;
    options.max_idle_per_host = 64;
    asker->session_ = M8_TRY(
        http::Session::create(options, asker->lookup_, asker->scope_, asker->limiter_, clock));
    return asker;
  }

  Result<http::Request> request(const std::string& method, const std::string& path,
                                const std::string& body = {}) const {
    http::Request request;
    request.method = method;
    request.url = M8_TRY(net::Url::parse(server_.url() + path));
    request.headers = {{"Host", request.url.authority()},
                       {"Authorization", "Bearer " + server_.token()}};
    request.body = body;
    if (!body.empty()) {
      request.headers.push_back({"Content-Type", "application/json"});
      request.headers.push_back({"Content-Length", std::to_string(body.size())});
    }
    return request;
  }
  http::Session& session() { return *session_; }

  /// The JSON at \p path, which has to be 200.
  Result<json::Value> get(const std::string& path, std::stop_token stop) {
    http::Request asked = M8_TRY(request("GET", path));
    const auto exchange = M8_TRY(session_->fetch(std::move(asked), stop));
    if (exchange.final().status == 200) return json::parse(exchange.final().body);
    return Error{ErrorCode::kInternal,
                 fmt::format("bench api: {}: status {}", path, exchange.final().status)};
  }

 private:
  Asker(const ApiServer& server, Clock& clock) : server_(server), limiter_({}, clock) {}

  const ApiServer& server_;
  NoLookup lookup_;
  net::Scope scope_;
  net::RateLimiter limiter_;
  std::unique_ptr<http::Session> session_;
};

// ---- pages ------------------------------------------------------------------------------------

Status fill(const Context& context, const std::string& url, long long rows) {
  context.progress(fmt::format("{} endpoints", rows));
  M8_TRY(store::open_store(url));  // makes the schema
  const auto connection = M8_TRY(store::PgConnection::open({url}));
  M8_TRY(connection->execute(fmt::format(
      "INSERT INTO endpoint (url, hostname, ip, port, status, title, server, live, first_seen,"
      " last_seen, first_run, last_run, technologies)"
      " SELECT 'https://host-' || lpad(i::text, 7, '0') || '.bench.example:8443/',"
      " 'host-' || lpad(i::text, 7, '0') || '.bench.example', '192.0.2.' || (i % 250), 8443, 200,"
      " 'Welcome to host number ' || i, 'nginx/1.22.1', i % 10 <> 0, 1700000000000 + i,"
      " 1700000000000 + i * 7, 1, 1, E'Nginx:1.22.1\\nPHP:8.2.7' FROM generate_series(1, {}) i",
      rows)));
  M8_TRY(connection->execute("VACUUM (ANALYZE) endpoint"));
  // What was written is on the disk before anything is measured.
  M8_TRY(connection->execute("CHECKPOINT"));
  return {};
}

/// A page is what was asked for: rows in order, behind the cursor, and a way on.
Status check_page(const Context& context, const ApiServer& server) {
  const auto asker = M8_TRY(Asker::create(server, context.clock));
  std::string after, cursor;
  for (int pages = 0; pages < 3; ++pages) {
    const auto page = M8_TRY(
        asker->get(fmt::format("/api/v1/endpoints?limit={}{}", kPage, cursor), context.stop));
    const auto* items = page.find("items");
    const bool whole = items != nullptr && items->items().size() == kPage;
    if (!whole) return Error{ErrorCode::kInternal, "bench api: a page is not whole"};
    for (const json::Value& item : items->items()) {
      const std::string url(item.string_at("url"));
      if (url <= after) return Error{ErrorCode::kInternal, "bench api: a page is out of order"};
      after = url;
    }
    cursor = "&cursor=" + std::string(page.string_at("next"));
  }
  return {};
}

double number_after(const std::string& text, std::string_view words) {
  const auto at = text.find(words);
  return at == text.npos ? -1 : std::strtod(text.c_str() + at + words.size(), nullptr);
}

Status run_wrk(const Context& context, const ApiServer& server, long long rows, Row& rate,
               Row& failed) {
  const std::string wrk = M8_TRY(context.peer_program("wrk", "wrk"));
  const std::string script = context.temp_directory + "/pages.lua";
  const std::string out = context.temp_directory + "/wrk.out";
  M8_TRY(write_file_atomically(script, kScript));
  const auto seconds = context.flags.duration("seconds").count() / 1000;
  M8_TRY(run_checked(context,
                     {{wrk, "-c100", "-t1", fmt::format("-d{}s", seconds), "-s", script,
                       server.url(), "--", server.token(), std::to_string(rows * 9 / 10)},
                      {},
                      ChildStream::file(out),
                      ChildStream::file(out + ".log")},
                     kWait));
  const std::string text = M8_TRY(read_file(out));
  const double per_second = number_after(text, "Requests/sec:");
  if (per_second < 0) return Error{ErrorCode::kInternal, "bench api: wrk reports no rate"};
  rate.ours.add(per_second);
  const double bad = number_after(text, "Non-2xx or 3xx responses:");
  failed.ours.add(text.find("Socket errors:") != text.npos ? 1 : std::max(0.0, bad));
  return {};
}

Status measure_pages(const Context& context, const std::string& url, Report& report) {
  const auto rows = context.flags.number("rows");
  ApiServer server = M8_TRY(ApiServer::start(context, url, {"--scans", "0"}));
  M8_TRY(check_page(context, server));
  Row& rate = report.row(fmt::format("pages of {} endpoints of {}, wrk -c100", kPage, rows), "1/s",
                         Bar::at_least(3'000));
  Row& failed = report.row("answers that were none", "", Bar::at_most(0));
  for (int i = 0; i < context.repeats; ++i) M8_TRY(run_wrk(context, server, rows, rate, failed));
  report.note(
      "random cursors, no cache of queries, no compression; client, API and database on "
      "this machine");
  return server.stop();
}

// ---- the guides' load -------------------------------------------------------------------------

/// What became of requests that were sent at a fixed rate, however long answers took.
struct Load {
  Guarded<std::vector<double>> milliseconds;
  std::atomic<std::uint64_t> failed{0};
  Guarded<std::set<std::int64_t>> scans;  ///< that were accepted
};

struct Pace {
  int per_second;
  std::chrono::seconds time;
  int status;  ///< that is a success
};

/// Latency counts from when a request was due.
Status send_at(const Context& context, Asker& asker, const Pace& pace,
               const std::function<Result<http::Request>(int)>& make, Load& load) {
  const int count = static_cast<int>(pace.per_second * pace.time.count());
  std::latch left(count);
  const SteadyTime began = context.clock.now();
  for (int i = 0; i < count; ++i) {
    auto request = M8_TRY(make(i));
    const SteadyTime due = began + i * std::chrono::nanoseconds(1s) / pace.per_second;
    if (!context.clock.sleep_until(due, context.stop))
      return Error{ErrorCode::kCancelled, "stopped"};
    asker.session().send(std::move(request), [&, due](Result<http::Exchange> done) {
      const std::chrono::duration<double, std::milli> took = context.clock.now() - due;
      load.milliseconds.lock()->push_back(took.count());
      if (!done.ok() || done->final().status != pace.status) {
        ++load.failed;
      } else if (pace.status == 202) {
        const auto body = json::parse(done->final().body);
        if (body.ok() && body->find("run_id") != nullptr)
          load.scans.lock()->insert(body->find("run_id")->as_int());
      }
      left.count_down();
    });
  }
  left.wait();
  return {};
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

void add_load(Report& report, const std::string& what, Load& load) {
  auto times = load.milliseconds.lock();
  report.row(what + ", failed", "", Bar::at_most(0)).ours.add(static_cast<double>(load.failed));
  report.row(what + ", p50", "ms").ours.add(percentile(*times, 0.5));
  report.row(what + ", p99", "ms", Bar::at_most(20)).ours.add(percentile(*times, 0.99));
}

/// How many of \p scans are not done in the end.
Result<std::size_t> await_scans(const Context& context, Asker& asker,
                                const std::set<std::int64_t>& scans) {
  std::size_t open = 0;
  for (const std::int64_t id : scans) {
    for (const SteadyTime end = context.clock.now() + kWait;;) {
      const auto scan = M8_TRY(asker.get(fmt::format("/api/v1/scans/{}", id), context.stop));
      const std::string_view state = scan.string_at("state");
      if (state == "done") break;
      const bool over = state == "failed" || state == "cancelled";
      if (over || context.clock.now() > end) {
        ++open;
        break;
      }
      (void)context.clock.sleep_until(context.clock.now() + 50ms, context.stop);
    }
  }
  return open;
}

/// The practice target in a process of its own.
struct LabProcess {
  Child child;
  std::string dns, port;
};

Result<LabProcess> start_lab(const Context& context) {
  const std::string m8 = M8_TRY(context.own_program("m8"));
  const std::string ready = context.temp_directory + "/lab.json";
  Child child =
      M8_TRY(Child::start({{m8, "lab", "--port", "0", "--dns-port", "0", "--ready-file", ready},
                           {},
                           {},
                           ChildStream::file(ready + ".log")},
                          context.clock));
  M8_TRY(wait_for_file(context, ready, child, kWait));
  const std::string text = M8_TRY(read_file(ready));
  const json::Value said = M8_TRY(json::parse(text));
  return LabProcess{std::move(child), std::string(said.string_at("dns")),
                    std::to_string(said.find("port")->as_int())};
}

Status measure_load(const Context& context, const std::string& url, Report& report) {
  LabProcess lab = M8_TRY(start_lab(context));
  const std::string templates = context.flags.text("templates");
  ApiServer server = M8_TRY(ApiServer::start(
      context, url, {"-t", templates, "-r", lab.dns, "--ports", lab.port, "--rate", "0"}));
  const auto asker = M8_TRY(Asker::create(server, context.clock));
  std::vector<std::string> bodies;
  for (const lab::PlannedName& site : lab::make_plan({}).names)
    if (site.kind == lab::PlannedName::Kind::kSite)
      bodies.push_back(fmt::format(R"({{"target":"{}","scan_type":"vuln"}})", site.name));
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(context.flags.duration("load"));
  context.progress(fmt::format("50/s POST /scan for {} s", seconds.count()));
  Load posts, gets;
  const auto post = [&](int i) {
    return asker->request("POST", "/scan", bodies[static_cast<std::size_t>(i) % bodies.size()]);
  };
  M8_TRY(send_at(context, *asker, {50, seconds, 202}, post, posts));
  add_load(report, "50/s POST /scan", posts);
  const auto scans = *posts.scans.lock();
  const std::size_t open = M8_TRY(await_scans(context, *asker, scans));
  report.row("scans that were accepted and not done", "", Bar::at_most(0))
      .ours.add(static_cast<double>(open));
  report.note(fmt::format("{} scans of {} hosts; equal ones under way were one", scans.size(),
                          bodies.size()));
  context.progress("100/s GET /endpoints");
  const auto get = [&](int) { return asker->request("GET", "/endpoints"); };
  M8_TRY(send_at(context, *asker, {100, std::max(std::chrono::seconds(1), seconds / 2), 200}, get,
                 gets));
  add_load(report, "100/s GET /endpoints", gets);
  return server.stop();
}

// ---- streams ----------------------------------------------------------------------------------

Status measure_streams(const Context& context, const std::string& url, Report& report) {
  context.progress(fmt::format("{} streams", kStreams));
  net::raise_open_file_limit();
  ApiServer server = M8_TRY(ApiServer::start(context, url, {"--scans", "0"}));
  const auto asker = M8_TRY(Asker::create(server, context.clock));
  const auto watchers = M8_TRY(Asker::create(server, context.clock));
  std::atomic<int> ended{0};
  for (int i = 0; i < kStreams; ++i) {
    auto request = M8_TRY(watchers->request("GET", "/api/v1/events"));
    request.timeout = 10min;
    watchers->session().send(std::move(request), [&ended](Result<http::Exchange>) { ++ended; });
  }
  // The service samples itself every few seconds.
  for (const SteadyTime end = context.clock.now() + kWait;;) {
    const auto samples = M8_TRY(asker->get("/api/v1/samples", context.stop));
    const auto& items = samples.find("items")->items();
    const auto* streams = items.empty() ? nullptr : items.back().find("streams");
    if (streams != nullptr && streams->as_int() == kStreams) break;
    if (ended > 0 || context.clock.now() > end)
      return Error{ErrorCode::kInternal, "bench api: not all streams are open"};
    (void)context.clock.sleep_until(context.clock.now() + 100ms, context.stop);
  }
  const auto resident = M8_TRY(server.resident_bytes());
  report.row(fmt::format("memory with {} idle streams", kStreams), "MB", Bar::at_most(100))
      .ours.add(static_cast<double>(resident) / 1e6);
  return server.stop();
}

Result<Report> run(const Context& context) {
  Report report("api");
  const auto parts = context.flags.list("part");
  const auto wanted = [&parts](std::string_view part) {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  };
  PgServer database = M8_TRY(PgServer::start(context));
  const std::string& url = database.url();
  M8_TRY(fill(context, url, context.flags.number("rows")));
  if (wanted("pages")) M8_TRY(measure_pages(context, url, report));
  if (wanted("load")) M8_TRY(measure_load(context, url, report));
  if (wanted("streams")) M8_TRY(measure_streams(context, url, report));
  M8_TRY(database.stop());
  return report;
}

std::vector<cli::Flag> flags() {
  using cli::valued;
  const char* in = "Benchmark";
  return {
      cli::typed(
          cli::with_default(valued(in, "rows", {}, "N", "endpoints in the database"), "1000000"),
          cli::ValueType::number(1'000, 100'000'000)),
      cli::typed(cli::with_default(valued(in, "seconds", {}, "TIME", "of each run of wrk"), "8s"),
                 cli::ValueType::duration(1s, 10min)),
      cli::typed(
          cli::with_default(
              valued(in, "load", {}, "TIME", "of the guides' POSTs; half as long of GETs"), "60s"),
          cli::ValueType::duration(1s, 1h)),
      cli::chosen(cli::repeated(valued(in, "part", {}, "PART,...", "measure only these")),
                  {"pages", "load", "streams"}),
      cli::file_flag(
          cli::with_default(valued(in, "templates", {"t"}, "DIRECTORY", "templates of the scans"),
                            "examples/templates")),
  };
}

}  // namespace

extern const Workload kApi;
const Workload kApi{"api", "the API: pages, the guides' load, idle streams", flags, run};

}  // namespace m8::bench
