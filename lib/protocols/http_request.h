/// From a block's entry to the exact bytes of a request (templates 3.2-3.6).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "dsl/services.h"
#include "http/cookie_jar.h"
#include "http/request.h"
#include "protocols/http_names.h"
#include "protocols/http_plan.h"
#include "protocols/protocol.h"

namespace m8::protocols {

struct GeneratedRequest {
  http::Request request;
  /// What the finding will name for an unsafe request; empty: the answer's URL.
  std::string matched;
  bool plain_headers = false;     ///< no header can hold a marker
  bool own_deadline = false;      ///< @timeout: its end does not count against the host
  std::chrono::seconds delay{0};  ///< wait_for() in its text: send it so much later
};

/// What generating a request needs besides its entry. Everything borrowed for the call.
struct RequestSource {
  const HttpPlan& plan;
  const Settings& settings;
  const HttpNames& names;
  dsl::Services& services;
  const std::shared_ptr<http::CookieJar>& cookies;  ///< may be null
  InteractionUrls& urls;                            ///< of this request
};

/// Renders and builds one request in \p out, which must be new. kInvalidArgument: it can't be
/// generated, and the block ends. kNotFound "unresolved variables found: a,b": it must not be sent
/// (templates 2.5).
Status generate_request(const HttpEntry& entry, const RequestSource& source, GeneratedRequest& out);

/// Header lines for the wire, in the order of templates 3.6.1. \p host: the Host line's value.
struct WireOptions {
  std::string host;
  std::string method;
  std::size_t body_size = 0;
  bool closes = false;
};
std::vector<http::Header> wire_headers(std::vector<http::Header> headers, WireOptions options,
                                       bool& transparent_gzip);

/// The Host line: without the scheme's default port unless \p keep_default_port; cut at the first
/// '/' or blank, empty if bytes are left that no host has (templates 3.6.5).
std::string host_line(std::string_view host, std::string_view scheme, bool keep_default_port);

/// A browser's User-Agent, drawn with \p services.
std::string_view random_user_agent(dsl::Services& services);

}  // namespace m8::protocols
