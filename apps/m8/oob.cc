/// m8 oob: an out-of-band interaction server of one's own.
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/make_flag.h"
#include "cli/signals.h"
#include "commands.h"
#include "net/socket.h"
#include "oob/server.h"

namespace m8::app {
namespace {

using namespace std::chrono_literals;
using cli::valued;
using cli::ValueType;

constexpr std::size_t kMaxPemBytes = 1u << 20;

cli::Flag port(const char* name, const char* brief, const char* initial) {
  return typed(with_default(valued("Server", name, {}, "PORT", brief), initial),
               ValueType::number(0, 65535));
}

cli::Flag limit(const char* name, const char* brief, const char* initial, ValueType type) {
  return typed(with_default(valued("Limits", name, {}, "N", brief), initial), type);
}

std::vector<cli::Flag> oob_flags() {
  const char* in = "Server";
  return {
      common(detailed(
          with_default(valued(in, "domain", {}, "NAME", "what the URLs end with"), "oob.test"),
          "For use on the Internet: a domain whose NS records point here.")),
      common(detailed(repeated(valued(in, "address", {"ip"}, "IP", "what its names resolve to")),
                      "The addresses by which others reach this server. Default: --listen.")),
      common(with_default(valued(in, "listen", {}, "IP", "where to listen; 0.0.0.0 is everywhere"),
                          "127.0.0.1")),
      common(port("dns-port", "DNS, UDP and TCP; 0 picks one", "8053")),
      common(port("http-port", "HTTP and the clients' API; 0 picks one", "8080")),
      common(port("https-port", "the same over TLS; 0 picks one", "8443")),
      common(port("smtp-port", "mail; 0 picks one", "8025")),
      detailed(file_flag(valued(in, "certificate", {"cert"}, "FILE", "PEM, for HTTPS")),
               "Without it there is no HTTPS."),
      file_flag(valued(in, "key", {}, "FILE", "its key, PEM; default: the certificate's file")),
      common(detailed(secret(valued(in, "token", {}, "TOKEN", "what clients must send")),
                      "Better given in the environment or the config file. Without it anybody who "
                      "reaches the server may register.")),
      file_flag(valued(in, "ready-file", {}, "FILE", "write the addresses here when it listens")),
      limit("clients", "registered clients", "10000", ValueType::number(1, 1'000'000)),
      limit("client-interactions", "interactions that wait for one client", "10000",
            ValueType::number(1, 1'000'000)),
      limit("client-bytes", "and their bytes", "16M", ValueType::size(4096, 1LL << 32)),
      limit("bytes", "of all clients' interactions", "256M", ValueType::size(1 << 20, 1LL << 36)),
      limit("request-bytes", "bytes kept of a request", "64K", ValueType::size(256, 16 << 20)),
      limit("idle", "forget a client that has not asked for so long", "24h",
            ValueType::duration(1s, 24h * 365)),
      limit("rate-host", "requests per second of one address; 0 is any number", "1000",
            ValueType::number(0, 1'000'000)),
      limit("connections", "open HTTP connections; half as many for mail", "1000",
            ValueType::number(2, 100'000)),
  };
}

std::uint16_t port_of(const cli::Values& flags, const char* name) {
  return flags.number<std::uint16_t>(name);
}

Result<net::IpAddress> address_of(const char* flag, const std::string& text) {
  auto address = net::IpAddress::parse(text);
  if (!address.ok()) return address.error().with_context(std::string("--") + flag);
  return address;
}

Status read_certificate(const cli::Values& flags, oob::ServerOptions& out) {
  const std::string certificate = flags.text("certificate");
  if (certificate.empty()) return {};
  const std::string key = flags.text("key");
  out.certificate = M8_TRY(read_file(certificate, kMaxPemBytes));
  out.key = key.empty() ? out.certificate : M8_TRY(read_file(key, kMaxPemBytes));
  return {};
}

Result<oob::ServerOptions> read_options(const cli::Values& flags) {
  oob::ServerOptions options;
  options.domain = flags.text("domain");
  for (const std::string& text : flags.list("address"))
    options.addresses.push_back(M8_TRY(address_of("address", text)));
  options.listen = M8_TRY(address_of("listen", flags.text("listen")));
  if (options.addresses.empty() && options.listen == net::IpAddress())
    return Error{ErrorCode::kInvalidArgument, "--address is needed to listen everywhere"};
  options.dns_port = port_of(flags, "dns-port");
  options.http_port = port_of(flags, "http-port");
  options.https_port = port_of(flags, "https-port");
  options.smtp_port = port_of(flags, "smtp-port");
  M8_TRY(read_certificate(flags, options));
  options.token = flags.text("token");
  options.sessions.max_sessions = flags.number<std::size_t>("clients");
  options.sessions.max_per_session = flags.number<std::size_t>("client-interactions");
  options.sessions.max_session_bytes = flags.bytes("client-bytes");
  options.sessions.max_bytes = flags.bytes("bytes");
  options.sessions.max_idle = flags.duration("idle");
  options.max_request = flags.bytes("request-bytes");
  options.per_second = flags.number<std::uint32_t>("rate-host");
  options.max_connections = flags.number<unsigned>("connections");
  return options;
}

Status write_ready(const std::string& path, const oob::Server& server) {
  if (path.empty()) return {};
  json::Writer w;
  w.object().field("domain", server.zone().domain).field("dns", server.dns_address().to_string());
  w.field("http", server.http_address().to_string());
  if (const auto* https = server.https_address()) w.field("https", https->to_string());
  w.field("smtp", server.smtp_address().to_string()).field("pid", ::getpid()).end();
  return write_file_atomically(path, w.take() + '\n');
}

/// A closed stdout is no reason to stop serving.
void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string welcome(const oob::Server& server, bool open) {
  std::string out =
      fmt::format("Interaction server for {}. Ctrl-C stops it.\n\n", server.zone().domain);
  out += fmt::format("  DNS    {}\n  HTTP   {}\n", server.dns_address().to_string(),
                     server.http_address().to_string());
  if (const auto* https = server.https_address())
    out += fmt::format("  HTTPS  {}\n", https->to_string());
  out += fmt::format("  SMTP   {}\n\n  num8 scan -iserver http://{} ...\n\n",
                     server.smtp_address().to_string(), server.http_address().to_string());
  if (open) out += "Without --token anybody who reaches it may register.\n";
  return out;
}

std::string farewell(const oob::Server::Counters& counts) {
  return fmt::format(
      "stopped after {} DNS, {} HTTP and {} SMTP interactions; {} were recorded, {} belonged to no "
      "client, {} were dropped unfetched, {} requests were refused, {} malformed\n",
      counts.dns, counts.http, counts.smtp, counts.sessions.recorded, counts.sessions.unknown,
      counts.sessions.dropped, counts.refused, counts.malformed);
}

Status serve(const cli::Values& flags) {
  const cli::Signals signals;
  auto options = M8_TRY(read_options(flags));
  net::raise_open_file_limit();
  const bool open = options.token.empty() && !options.listen.is_loopback();
  const auto server = M8_TRY(oob::Server::create(std::move(options), SystemClock::instance()));
  print(welcome(*server, open));
  M8_TRY(write_ready(flags.text("ready-file"), *server));
  print("ready\n");
  server->run(signals.token());
  print(farewell(server->counters()));
  return {};
}

int run(const cli::Context& context) {
  const Status done = serve(context.flags);
  return done.ok() ? cli::kDone : cli::fail("m8 oob", done.error());
}

}  // namespace

cli::Command oob_command() {
  cli::Command command;
  command.name = "oob";
  command.brief = "the out-of-band interaction server";
  command.detail =
      "Answers DNS, HTTP, HTTPS and SMTP for one domain and keeps what came for each client until "
      "that asks for it: templates with {{interactsh-url}} find what can only be seen from outside "
      "(num8 scan -iserver). It speaks the interactsh protocol, so other clients of it work, too. "
      "For the Internet it needs the usual ports (--dns-port 53 --http-port 80 --https-port 443 "
      "--smtp-port 25), a domain whose name servers are its --address, and a --token. It stops at "
      "SIGINT or SIGTERM with exit code 0. -v logs each interaction.";
  command.flags = oob_flags();
  command.examples = {"m8 oob --domain oob.test",
                      "m8 oob --domain oob.example.com --listen 0.0.0.0 --address 192.0.2.10 "
                      "--dns-port 53 --http-port 80 --smtp-port 25"};
  command.run = run;
  return command;
}

}  // namespace m8::app
