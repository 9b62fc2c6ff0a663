/// Client: the scanner's side of the interaction protocol (protocols 10.3-10.5).
///
/// One server, one correlation id. Every call waits for its answer; one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/session.h"
#include "model/interaction.h"
#include "oob/crypto.h"

namespace m8::oob {

/// Where interaction URLs come from.
struct ServerChoice {
  /// "https://oob.example", "http://127.0.0.1:8080", "oob.example" (https). Tried in random order.
  std::vector<std::string> servers;
  std::string token;  ///< sent as it is in Authorization; empty = none
};

class Client {
 public:
  /// Registers with the first of \p choice that takes us. \p session and \p clock are borrowed.
  /// kInvalidArgument for a server that is no URL; else the last server's error: kDenied "invalid
  /// token provided for interactsh server", kProtocol for an answer that is none, what
  /// Session::call() says.
  static Result<std::unique_ptr<Client>> connect(const ServerChoice& choice, http::Session& session,
                                                 Clock& clock, std::stop_token stop);

  /// Says it again: keeps the registration alive, and makes it anew after the server lost it.
  Status register_again(std::stop_token stop);
  /// What came since the last poll, in order. Interactions that can't be read are left out and
  /// counted. kNotFound if the server has forgotten us; else as connect().
  Result<std::vector<model::Interaction>> poll(std::stop_token stop);
  Status deregister(std::stop_token stop);

  const std::string& correlation_id() const { return correlation_id_; }
  /// What its URLs end with: what the server calls its domain, else the host of its URL.
  const std::string& domain() const { return domain_; }
  /// Name for people: the server's host.
  const std::string& server() const { return server_.host; }
  std::uint64_t unreadable() const { return unreadable_; }

 private:
  Client(http::Session& session, KeyPair keys, std::string token, Clock& clock);
  Status register_at(const net::Url& server, std::stop_token stop);
  Result<http::Response> ask(std::string method, std::string path, std::string body,
                             std::stop_token stop);

  http::Session& session_;
  const KeyPair keys_;
  const std::string token_, correlation_id_, secret_;
  net::Url server_;
  std::string domain_;
  std::uint64_t unreadable_ = 0;
};

/// What a poll's answer holds.
struct PollReply {
  std::vector<std::string> sealed;  ///< decoded from base64
  std::string sealed_key;           ///< decoded from base64; empty if there is no data
  std::vector<std::string> plain;   ///< `extra` and `tlddata`
  std::size_t unreadable = 0;       ///< items that are no base64
};
/// kProtocol unless \p body is such an answer. Reads bytes from strangers.
Result<PollReply> parse_poll_reply(std::string_view body);

/// One sealed interaction: CTR, or CFB if that gives no interaction. kProtocol.
Result<model::Interaction> open_interaction(std::string_view sealed, std::string_view aes_key);

}  // namespace m8::oob
