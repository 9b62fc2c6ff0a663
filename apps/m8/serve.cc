// m8 serve: the API and the dashboard.
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "api/service.h"
#include "base/file.h"
#include "base/json.h"
#include "broker_view.h"
#include "cache/settings.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "commands.h"
#include "fleet/program.h"
#include "health_checks.h"
#include "net/rate_limiter.h"
#include "net/socket.h"
#include "queue/registry.h"
#include "queue/settings.h"
#include "serve/telemetry.h"
#include "store/chosen_store.h"
#include "store/settings.h"
#include "thresholds.h"

namespace m8::app {
namespace {

using namespace std::chrono_literals;
using cli::common;
using cli::detailed;
using cli::switched;
using cli::valued;
using cli::ValueType;

constexpr std::size_t kMaxPemBytes = 1u << 20;
constexpr unsigned kThreads = 4;
constexpr std::size_t kMaxHead = 16u << 10;  // bytes, of each connection

cli::Flag count(const char* name, const char* brief, const char* initial, long long min,
                long long max) {
  return typed(with_default(valued("Limits", name, {}, "N", brief), initial),
               ValueType::number(min, max));
}

std::vector<cli::Flag> server_flags() {
  const char* in = "Server";
  return {
      common(with_default(valued(in, "listen", {}, "IP", "where to listen; 0.0.0.0 is everywhere"),
                          "127.0.0.1")),
      common(typed(with_default(valued(in, "port", {}, "PORT", "0 picks one"), "8003"),
                   ValueType::number(0, 65535))),
      common(file_flag(valued(in, "certificate", {"cert"}, "FILE", "PEM, for HTTPS"))),
      file_flag(valued(in, "key", {}, "FILE", "its key, PEM; default: the certificate's file")),
      detailed(
          switched(in, "plain-http", {}, "listen beyond loopback without TLS"),
          "Tokens then travel in the clear: for a network of one's own, or behind a proxy that "
          "does TLS."),
      common(detailed(switched(in, "public-read", {}, "reading needs no token on this machine"),
                      "Only on loopback, only for requests that come from there and name it as "
                      "localhost or by its address. Writing always needs a token.")),
      file_flag(valued(in, "ready-file", {}, "FILE", "write the address here when it listens")),
  };
}

std::vector<cli::Flag> limit_flags() {
  return {
      detailed(
          typed(with_default(valued("Limits", "rate-token", {}, "RATE", "requests of one token"),
                             "200/s"),
                ValueType::rate()),
          "More are answered with 429 and when to come again. 0 is unlimited."),
      count("connections", "open connections, streams of events among them", "4096", 8, 100'000),
      typed(with_default(valued("Limits", "body", {}, "N", "bytes of a request's body"), "1M"),
            ValueType::size(1024, 64 << 20)),
  };
}

std::vector<cli::Flag> scan_flags() {
  const char* in = "Scans";
  const auto number = [in](const char* name, const char* brief, const char* initial,
                           long long max) {
    return typed(with_default(valued(in, name, {}, "N", brief), initial),
                 ValueType::number(0, max));
  };
  return {
      common(detailed(number("scans", "programs that scan at once", "1", 64),
                      "Requests of the same kind that wait are given to one of them together. 0: "
                      "they wait for a server that has more.")),
      number("scan-queue", "requests that may wait", "10000", 1'000'000),
      common(file_flag(valued(in, "scope", {}, "FILE", "scan only what this allows"))),
      common(file_flag(repeated(valued(in, "templates", {"t"}, "PATH", "templates of scans")))),
      valued(in, "resolvers", {"r"}, "FILE", "DNS resolvers of scans"),
      repeated(valued(in, "ports", {}, "PORT", "probe bare hosts on these ports")),
      typed(valued(in, "rate", {"rl"}, "RATE", "requests of one scan in all; default: num8's"),
            ValueType::rate()),
      file_flag(valued(in, "profile", {"tp"}, "NAME", "profile of num8 scan")),
      typed(with_default(valued(in, "scan-time", {}, "TIME", "a scan is stopped after so long"),
                         "24h"),
            ValueType::duration(1s, 24h * 365)),
      typed(with_default(valued(in, "scan-memory", {}, "N", "bytes of one scan; 0 is any"), "0"),
            ValueType::size(0, 1LL << 40)),
  };
}

std::vector<cli::Flag> serve_flags() {
  std::vector<cli::Flag> flags = server_flags();
  for (const auto& more :
       {limit_flags(), scan_flags(), check_flags(), threshold_flags(), serve::telemetry_flags()})
    flags.insert(flags.end(), more.begin(), more.end());
  return store::with_store_settings(std::move(flags));
}

Status read_certificate(const cli::Values& flags, serve::ServerOptions& out) {
  const std::string certificate = flags.text("certificate");
  if (certificate.empty()) return {};
  const std::string key = flags.text("key");
  out.certificate = M8_TRY(read_file(certificate, kMaxPemBytes));
  out.key = key.empty() ? out.certificate : M8_TRY(read_file(key, kMaxPemBytes));
  return {};
}

Status read_server(const cli::Values& flags, api::ServiceOptions& out) {
  auto& server = out.server;
  auto ip = net::IpAddress::parse(flags.text("listen"));
  if (!ip.ok()) return ip.error().with_context("--listen");
  server.address = {*ip, flags.number<std::uint16_t>("port")};
  M8_TRY(read_certificate(flags, server));
  const bool open = !ip->is_loopback();
  if (open && server.certificate.empty() && !flags.on("plain-http"))
    return Error{ErrorCode::kInvalidArgument,
                 "--listen beyond loopback needs --certificate, or --plain-http"};
  if (open && flags.on("public-read"))
    return Error{ErrorCode::kInvalidArgument, "--public-read is for loopback alone"};
  server.threads = kThreads;
  server.max_connections = flags.number<unsigned>("connections");
  server.max_per_address = 0;
  server.max_head = kMaxHead;
  server.max_body = flags.bytes("body");
  out.router.public_read = flags.on("public-read");
  out.router.per_second = flags.rate("rate-token").per_second;
  out.router.burst = out.router.per_second * 2;
  return {};
}

/// Arguments of each num8 scan and asmm8 enum. Paths are this command's own, never a caller's.
void read_scan_arguments(const cli::Values& flags, api::ScanOptions& out) {
  const auto num8 = [&out](const char* flag, const std::string& value) {
    out.num8.emplace_back(flag);
    out.num8.push_back(value);
  };
  const auto asmm8 = [&out](const char* flag, const std::string& value) {
    out.asmm8.emplace_back(flag);
    out.asmm8.push_back(value);
  };
  if (const auto scope = flags.text("scope"); !scope.empty()) {
    num8("--scope", scope);
    asmm8("--scope", scope);
  }
  if (const auto resolvers = flags.text("resolvers"); !resolvers.empty()) {
    num8("--resolvers", resolvers);
    asmm8("--resolver", resolvers);
  }
  if (flags.given("templates-dir")) num8("--templates-dir", flags.text("templates-dir"));
  for (const std::string& path : flags.list("templates")) num8("--templates", path);
  for (const std::string& port : flags.list("ports")) num8("--ports", port);
  if (flags.given("rate")) num8("--rate", flags.text("rate"));
  if (const auto profile = flags.text("profile"); !profile.empty()) num8("--profile", profile);
}

Status read_scans(const cli::Values& flags, api::ServiceOptions& out) {
  api::ScanOptions& scans = out.scans;
  scans.at_once = flags.number<unsigned>("scans");
  scans.max_queued = flags.number<std::size_t>("scan-queue");
  scans.deadline = flags.duration("scan-time");
  scans.memory = flags.bytes("scan-memory");
  if (const auto scope = flags.text("scope"); !scope.empty()) M8_TRY(out.scope.load(scope));
  read_scan_arguments(flags, scans);
  // In the environment, where others can't see a password in it.
  scans.environment = fleet::plain_environment();
  const std::string url = store::chosen_url(flags);
  scans.environment.push_back("M8_STORE=" + url);
  scans.idle = url.find("://") != std::string::npos;
  return {};
}

/// What m8 health looks at. The service asks its store itself.
void read_checks(const cli::Values& flags, Services& services, api::ServiceOptions& options) {
  const auto templates = flags.list("templates");
  const auto seen = std::make_shared<SeenLast>();
  options.checks = health_checks(flags, services, templates.empty() ? "" : templates.front(), seen);
  std::erase_if(options.checks, [](const auto& check) { return check.name == "database"; });
  options.queue_depths = [seen] { return seen->lock()->depths; };
}

Status write_ready(const std::string& path, const std::string& url) {
  if (path.empty()) return {};
  json::Writer w;
  w.object().field("url", url).field("pid", ::getpid()).end();
  return write_file_atomically(path, w.take() + '\n');
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

Result<bool> any_token(store::Store& store) {
  bool any = false;
  const WallTime now = SystemClock::instance().wall();
  M8_TRY(store::Tokens(store.statements()).for_each([&](const store::Token& token) {
    any |= token.valid(now);
    return Status();
  }));
  return any;
}

Status serve(const cli::Context& context) {
  const cli::Values& flags = context.flags;
  const cli::Signals signals;
  api::ServiceOptions options;
  M8_TRY(read_server(flags, options));
  M8_TRY(read_scans(flags, options));
  M8_TRY(queue::check_url(queue::chosen_url(flags)));
  M8_TRY(cache::open_chosen(flags));
  const auto services = M8_TRY(Services::open(flags));
  read_checks(flags, *services, options);
  const BrokerView broker(flags);
  options.broker = [&broker] { return broker.queues(); };
  options.alerts = {M8_TRY(thresholds_of(flags)), flags.duration("alerts-hold")};
  options.db_connections = flags.number<int>("store-max-open");
  net::raise_open_file_limit();
  auto store = M8_TRY(store::open_chosen(flags, {.create_parents = true}));
  const bool tokens = M8_TRY(any_token(*store));
  const bool tls = !options.server.certificate.empty();
  const bool open = options.router.public_read;
  const auto service =
      M8_TRY(api::Service::create(std::move(options), std::move(store), SystemClock::instance()));
  const auto telemetry = M8_TRY(
      serve::Telemetry::start(serve::Telemetry::options(context, 0), SystemClock::instance()));
  const std::string url =
      fmt::format("{}://{}/", tls ? "https" : "http", service->address().to_string());
  print(fmt::format("Dashboard and API on {} Ctrl-C stops it.\n", url));
  if (!tokens && !open) print("There is no token yet: m8 token add NAME\n");
  M8_TRY(write_ready(flags.text("ready-file"), url));
  print("ready\n");
  service->run(signals.token());
  const auto counts = service->counters();
  print(fmt::format("stopped after {} requests, {} refused\n", counts.requests, counts.refused));
  return telemetry->end();
}

int run(const cli::Context& context) {
  const Status done = serve(context);
  return done.ok() ? cli::kDone : cli::fail("m8 serve", done.error());
}

}  // namespace

cli::Command serve_command() {
  cli::Command command;
  command.name = "serve";
  command.brief = "the HTTP API and the dashboard";
  command.detail =
      "Serves what the store holds, takes requests for scans, and shows both on one page. The API "
      "is under /api/v1 (openapi.json describes it); the paths of the guides (POST /scan, GET "
      "/endpoints, GET /domain) are there too. Every request needs a token of m8 token add, in the "
      "header 'Authorization: Bearer TOKEN'; /health and /ready tell strangers whether it lives; "
      "the checks are those of m8 health, and without the store or a configured broker it is not "
      "ready (503). What goes wrong is told as {\"error\":\"...\"}; only to what is no HTTP at "
      "all, or "
      "has a head of more than 24 KB, the HTTP library answers with the status and a text of its "
      "own. "
      "Scans are done by num8 and asmm8, which lie beside this program, with the scope, templates "
      "and resolvers given here; what was asked for is kept in the store and taken up again after "
      "a restart. It stops at SIGINT or SIGTERM with exit code 0.";
  command.flags = serve_flags();
  command.examples = {"m8 serve", "m8 serve --scope scope.txt --scans 2",
                      "m8 serve --listen 0.0.0.0 --certificate cert.pem --key key.pem"};
  command.run = run;
  return command;
}

}  // namespace m8::app
