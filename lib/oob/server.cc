#include "oob/server.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "base/version.h"
#include "net/name.h"
#include "oob/identity.h"

namespace m8::oob {
namespace {

using serve::Request;
using serve::Response;

constexpr auto kTurn = std::chrono::milliseconds(500);
constexpr std::size_t kMaxApiBody = 64u << 10;
/// One request may mention so many URLs; a page full of them is no interaction with each.
constexpr std::size_t kMostMentions = 8;

std::string cut(std::string text, std::size_t most) {
  if (text.size() > most) text.resize(most);
  return text;
}

/// The request as it came, but for the ends of its lines.
std::string to_text(const Request& request) {
  std::string out = fmt::format("{} {} {}\r\n", request.method, request.target, request.version);
  for (const auto& [name, value] : request.headers) out += name + ": " + value + "\r\n";
  return out + "\r\n" + request.body;
}

std::string to_text(const Response& response) {
  std::string out =
      fmt::format("HTTP/1.1 {} \r\nContent-Type: {}\r\n", response.status, response.content_type);
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  return out + "\r\n" + response.body;
}

/// What proves that the answer came from here: the id of the host name, backwards.
std::string reflection(const Request& request) {
  const auto mentions = find_mentions(request.header("Host"), 1);
  if (mentions.empty()) return {};
  const std::string& id = mentions[0].unique_id;
  return {id.rbegin(), id.rend()};
}

bool ends_with_folded(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && dns::lower(text.substr(text.size() - end.size())) == end;
}

Response page(const Request& request, const std::string& domain) {
  const std::string_view path = request.path();
  const std::string back = reflection(request);
  if (path == "/" && back.empty())
    return {200,
            fmt::format("<h1>Interaction server</h1>\n<p>Names in {} are used by security "
                        "tests. If you did not expect this, one has reached you.</p>\n",
                        domain),
            "text/html; charset=utf-8"};
  if (dns::lower(path) == "/robots.txt")
    return {200, fmt::format("User-agent: *\nDisallow: / # {}", back)};
  if (ends_with_folded(path, ".json"))
    return {200, fmt::format("{{\"data\":\"{}\"}}", back), "application/json"};
  if (ends_with_folded(path, ".xml"))
    return {200, fmt::format("<data>{}</data>", back), "application/xml"};
  return {200, fmt::format("<html><head></head><body>{}</body></html>", back),
          "text/html; charset=utf-8"};
}

Response failed(const Error& error) {
  const bool unavailable = error.code == ErrorCode::kExhausted;
  return serve::json_response(unavailable ? 503 : 400, "error", error.message);
}

}  // namespace

Server::Server(ServerOptions options, net::Poller poller, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      gate_(options_.per_second, clock),
      sessions_(options_.sessions, clock),
      poller_(std::move(poller)) {}

Server::~Server() {
  // First what has threads.
  if (http_) http_->stop();
  if (https_) https_->stop();
}

Result<std::unique_ptr<Server>> Server::create(ServerOptions options, Clock& clock) {
  const auto domain = net::Name::parse(options.domain);
  if (!domain.ok() || options.domain.size() > 200)
    return Error{ErrorCode::kInvalidArgument, fmt::format("not a domain: {}", options.domain)};
  std::unique_ptr<Server> server(
      new Server(std::move(options), M8_TRY(net::Poller::create()), clock));
  server->zone_.domain = dns::lower(domain->text());
  server->zone_.addresses = server->options_.addresses;
  if (server->zone_.addresses.empty()) server->zone_.addresses = {server->options_.listen};
  M8_TRY(server->listen());
  return server;
}

Status Server::listen() {
  const net::IpAddress& ip = options_.listen;
  dns_ = M8_TRY(dns::Listener::create(poller_, {ip, options_.dns_port},
                                      [this](dns::Bytes wire, const net::IpAddress& peer,
                                             bool udp) { return answer_dns(wire, peer, udp); },
                                      {}));
  SmtpServerOptions smtp;
  smtp.address = {ip, options_.smtp_port};
  smtp.host = "mail." + zone_.domain;
  smtp.max_connections = std::max(1u, options_.max_connections / 2);
  smtp_ = M8_TRY(SmtpServer::create(
      poller_, std::move(smtp), [this](const net::IpAddress& peer) { return gate_.admit(peer); },
      [this](const Mail& mail, const std::string& answer, const net::IpAddress& peer) {
        take_mail(mail, answer, peer);
      }));
  serve::ServerOptions http;
  http.address = {ip, options_.http_port};
  http.threads = options_.http_threads;
  http.max_connections = options_.max_connections;
  http.max_per_address = options_.max_connections;  // many clients may sit behind one address
  http.max_body = std::max(options_.max_request, kMaxApiBody);
  http.lenient = true;
  http_ = M8_TRY(serve::Server::create(http, routes()));
  if (options_.certificate.empty()) return {};
  http.address.port = options_.https_port;
  http.certificate = options_.certificate;
  http.key = options_.key;
  https_ = M8_TRY(serve::Server::create(http, routes()));
  return {};
}

void Server::run(std::stop_token stop) {
  const std::stop_callback wake(stop, [this] { poller_.wake(); });
  while (!stop.stop_requested()) poller_.poll(kTurn);
}

serve::Routes Server::routes() {
  serve::Routes routes;
  routes.add("POST", "/register",
             [this](const Request& request) { return register_client(request); });
  routes.add("GET", "/poll", [this](const Request& request) { return poll(request); });
  routes.add("POST", "/deregister", [this](const Request& request) { return deregister(request); });
  routes.otherwise([this](const Request& request) { return answer_http(request); });
  return routes;
}

void Server::record(model::Interaction interaction, std::string_view text) {
  interaction.raw_request = cut(std::move(interaction.raw_request), options_.max_request);
  interaction.raw_response = cut(std::move(interaction.raw_response), options_.max_request);
  interaction.timestamp = rfc3339(clock_.wall());
  for (Mention& mention : find_mentions(text, kMostMentions)) {
    interaction.unique_id = std::move(mention.unique_id);
    interaction.full_id = std::move(mention.full_id);
    const bool known = sessions_.record(interaction);
    log::get("oob")->info("interaction protocol={} id={} from={} client={}", interaction.protocol,
                          interaction.unique_id, interaction.remote_address,
                          known ? "known" : "unknown");
  }
}

std::string Server::answer_dns(dns::Bytes wire, const net::IpAddress& peer, bool udp) {
  if (!gate_.admit(peer)) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  const auto query = dns::decode(wire);
  if (!query.ok() || query->response) {
    malformed_.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  const dns::Message reply = answer(zone_, *query);
  if (reply.authoritative) {
    dns_count_.fetch_add(1, std::memory_order_relaxed);
    const dns::Question& question = query->questions[0];
    model::Interaction interaction;
    interaction.protocol = "dns";
    interaction.q_type = dns::to_string(question.type);
    interaction.raw_request = oob::to_text(*query);
    interaction.raw_response = oob::to_text(reply);
    interaction.remote_address = peer.unmapped().to_string();
    record(std::move(interaction), question.name);
  }
  return dns::encode(reply, udp ? dns::udp_limit(*query) : dns::kMaxMessageBytes).value_or("");
}

Response Server::answer_http(const Request& request) {
  if (!gate_.admit(request.peer)) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return {429, "too many requests\n"};
  }
  http_count_.fetch_add(1, std::memory_order_relaxed);
  Response response = page(request, zone_.domain);
  response.headers.emplace_back("Server", zone_.domain);
  // Templates look for this name to see that a page came from a server of this kind.
  response.headers.emplace_back("X-Interactsh-Version", fmt::format("m8 {}", version()));
  model::Interaction interaction;
  interaction.protocol = request.tls ? "https" : "http";
  interaction.raw_request = to_text(request);
  interaction.raw_response = to_text(response);
  interaction.remote_address = request.peer.to_string();
  // The host name tells; without an id in it, whatever does.
  const std::string host(request.header("Host"));
  const std::string text = find_mentions(host, 1).empty() ? interaction.raw_request : host;
  record(std::move(interaction), text);
  return response;
}

void Server::take_mail(const Mail& mail, const std::string& answer, const net::IpAddress& peer) {
  smtp_count_.fetch_add(1, std::memory_order_relaxed);
  model::Interaction interaction;
  interaction.protocol = "smtp";
  interaction.smtp_from = mail.from;
  interaction.raw_request = mail.data.empty() ? mail.commands : mail.data;
  interaction.raw_response = answer;
  interaction.remote_address = peer.to_string();
  record(std::move(interaction), mail.commands);
}

bool Server::may_ask(const Request& request) const {
  return options_.token.empty() || request.header("Authorization") == options_.token;
}

Response Server::register_client(const Request& request) {
  if (!gate_.admit(request.peer)) return {429, "too many requests\n"};
  if (!may_ask(request)) return serve::json_response(401, "error", "invalid token");
  const auto body = json::parse(std::string_view(request.body).substr(0, kMaxApiBody));
  if (!body.ok()) return serve::json_response(400, "error", "could not decode json body");
  const Status added = sessions_.add({std::string(body->string_at("correlation-id")),
                                      std::string(body->string_at("secret-key")),
                                      std::string(body->string_at("public-key"))});
  if (!added.ok()) return failed(added.error().with_context("could not set id and public key"));
  json::Writer w;
  w.object().field("message", "registration successful").field("domain", zone_.domain).end();
  return {200, w.take(), "application/json; charset=utf-8"};
}

Response Server::poll(const Request& request) {
  if (!may_ask(request)) return serve::json_response(401, "error", "invalid token");
  const std::string id = request.query("id"), secret = request.query("secret");
  if (id.empty()) return serve::json_response(400, "error", "no id specified for poll");
  const auto batch = sessions_.fetch(id, secret);
  if (!batch.ok()) return failed(batch.error().with_context("could not get interactions"));
  json::Writer w;
  w.object().strings("data", batch->data).key("extra").null().field("aes_key", batch->aes_key);
  w.key("tlddata").null().end();
  return {200, w.take(), "application/json; charset=utf-8"};
}

Response Server::deregister(const Request& request) {
  if (!may_ask(request)) return serve::json_response(401, "error", "invalid token");
  const auto body = json::parse(std::string_view(request.body).substr(0, kMaxApiBody));
  if (!body.ok()) return serve::json_response(400, "error", "could not decode json body");
  const Status removed =
      sessions_.remove(body->string_at("correlation-id"), body->string_at("secret-key"));
  if (!removed.ok()) return failed(removed.error().with_context("could not remove id"));
  return serve::json_response(200, "message", "deregistration successful");
}

Server::Counters Server::counters() const {
  const auto read = [](const auto& count) { return count.load(std::memory_order_relaxed); };
  return {read(dns_count_), read(http_count_), read(smtp_count_),
          read(malformed_), read(refused_),    sessions_.counters()};
}

}  // namespace m8::oob
