#include "oob/client.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"
#include "oob/identity.h"

namespace m8::oob {
namespace {

constexpr std::size_t kMaxReplyBytes = 16u << 20;
constexpr std::size_t kMaxInteractions = 10'000;  ///< of one poll
constexpr auto kTimeout = std::chrono::seconds(10);

Error not_a_server(std::string_view why) {
  return {ErrorCode::kProtocol, fmt::format("not an interaction server: {}", why)};
}

Result<net::Url> server_url(const std::string& text) {
  auto url = net::Url::parse(text.find("://") == std::string::npos ? "https://" + text : text);
  const bool good = url.ok() && (url->scheme == "https" || url->scheme == "http");
  if (!good) return Error{ErrorCode::kInvalidArgument, fmt::format("no URL of a server: {}", text)};
  return url;
}

void shuffle(std::vector<std::string>& servers) {
  std::uint64_t seed = 0;
  random_bytes(&seed, sizeof seed);
  std::shuffle(servers.begin(), servers.end(), std::mt19937_64(seed));
}

/// A name that URLs may end with.
bool is_domain(std::string_view text) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_';
  });
}

Status check_answer(const http::Response& response) {
  if (response.status == 401)
    return Error{ErrorCode::kDenied, "invalid token provided for interactsh server"};
  if (response.body.find("could not get correlation-id from cache") != std::string::npos)
    return Error{ErrorCode::kNotFound, "the interaction server has forgotten this session"};
  if (response.status != 200) return not_a_server(fmt::format("status {}", response.status));
  return {};
}

Result<std::vector<std::string>> texts_at(const json::Value& object, std::string_view name) {
  std::vector<std::string> out;
  const json::Value* list = object.find(name);
  if (list == nullptr || list->is_null()) return out;
  if (!list->is_array()) return not_a_server(fmt::format("{} is no list", name));
  for (const json::Value& item : list->items()) {
    if (out.size() == kMaxInteractions) break;
    out.emplace_back(item.as_string());
  }
  return out;
}

}  // namespace

Result<PollReply> parse_poll_reply(std::string_view body) {
  const auto value = json::parse(body);
  if (!value.ok() || !value->is_object()) return not_a_server("its answer is no JSON object");
  PollReply reply;
  for (const std::string& text : M8_TRY(texts_at(*value, "data"))) {
    auto sealed = base64_decode(text);
    if (sealed.ok()) {
      reply.sealed.push_back(std::move(*sealed));
    } else {
      ++reply.unreadable;
    }
  }
  reply.plain = M8_TRY(texts_at(*value, "extra"));
  for (std::string& text : M8_TRY(texts_at(*value, "tlddata")))
    reply.plain.push_back(std::move(text));
  auto key = base64_decode(value->string_at("aes_key"));
  if (!key.ok()) return not_a_server("aes_key is no base64");
  reply.sealed_key = std::move(*key);
  if (!reply.sealed.empty() && reply.sealed_key.empty()) return not_a_server("no aes_key");
  return reply;
}

Result<model::Interaction> open_interaction(std::string_view sealed, std::string_view aes_key) {
  std::string plain = M8_TRY(decrypt_ctr(sealed, aes_key));
  if (auto interaction = model::parse_interaction(plain); interaction.ok()) return interaction;
  plain = M8_TRY(decrypt_cfb(sealed, aes_key));
  auto interaction = model::parse_interaction(plain);
  if (!interaction.ok()) return not_a_server("an interaction can't be decrypted");
  return interaction;
}

Client::Client(http::Session& session, KeyPair keys, std::string token, Clock& clock)
    : session_(session),
      keys_(std::move(keys)),
      token_(std::move(token)),
      correlation_id_(make_correlation_id(clock.wall())),
      secret_(make_secret()) {}

Result<std::unique_ptr<Client>> Client::connect(const ServerChoice& choice, http::Session& session,
                                                Clock& clock, std::stop_token stop) {
  std::vector<net::Url> urls;
  std::vector<std::string> servers = choice.servers;
  shuffle(servers);
  for (const std::string& server : servers) urls.push_back(M8_TRY(server_url(server)));
  std::unique_ptr<Client> client(
      new Client(session, M8_TRY(KeyPair::generate()), choice.token, clock));
  Error last{ErrorCode::kInvalidArgument, "no interaction server is named"};
  for (const net::Url& url : urls) {
    const Status registered = client->register_at(url, stop);
    if (registered.ok()) return client;
    last = registered.error().with_context(url.root());
    if (stop.stop_requested()) break;
  }
  return last;
}

Result<http::Response> Client::ask(std::string method, std::string path, std::string body,
                                   std::stop_token stop) {
  http::Request request;
  request.method = std::move(method);
  request.url = M8_TRY(net::Url::parse(server_.root() + path));
  request.url.user_info = server_.user_info;
  if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  if (!token_.empty()) request.headers.push_back({"Authorization", token_});
  request.body = std::move(body);
  request.timeout = kTimeout;
  request.max_body = kMaxReplyBytes;
  return session_.call(request, std::move(stop));
}

Status Client::register_at(const net::Url& server, std::stop_token stop) {
  server_ = server;
  json::Writer w;
  w.object().field("public-key", M8_TRY(keys_.public_key())).field("secret-key", secret_);
  w.field("correlation-id", correlation_id_).end();
  const auto response = M8_TRY(ask("POST", "/register", w.take(), std::move(stop)));
  M8_TRY(check_answer(response));
  const auto answer = json::parse(response.body);
  if (!answer.ok() || answer->string_at("message") != "registration successful")
    return not_a_server("it does not confirm the registration");
  const std::string_view domain = answer->string_at("domain");
  domain_ = is_domain(domain) ? std::string(domain) : server.host;
  return {};
}

Status Client::register_again(std::stop_token stop) {
  return register_at(net::Url(server_), std::move(stop));
}

Result<std::vector<model::Interaction>> Client::poll(std::stop_token stop) {
  const std::string path = fmt::format("/poll?id={}&secret={}", correlation_id_, secret_);
  const auto response = M8_TRY(ask("GET", path, "", std::move(stop)));
  M8_TRY(check_answer(response));
  PollReply reply = M8_TRY(parse_poll_reply(response.body));
  unreadable_ += reply.unreadable;
  std::vector<model::Interaction> out;
  const auto take = [&](Result<model::Interaction> interaction) {
    if (interaction.ok()) {
      out.push_back(std::move(*interaction));
    } else {
      ++unreadable_;
    }
  };
  if (!reply.sealed.empty()) {
    const std::string key = M8_TRY(keys_.open_key(reply.sealed_key));
    for (const std::string& sealed : reply.sealed) take(open_interaction(sealed, key));
  }
  for (const std::string& text : reply.plain) take(model::parse_interaction(text));
  return out;
}

Status Client::deregister(std::stop_token stop) {
  json::Writer w;
  w.object().field("correlation-id", correlation_id_).field("secret-key", secret_).end();
  return check_answer(M8_TRY(ask("POST", "/deregister", w.take(), std::move(stop))));
}

}  // namespace m8::oob
