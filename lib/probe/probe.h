/// Probing: which scheme a bare host speaks (templates.md 2.1, cli-and-output 2.4).
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/result.h"
#include "http/session.h"
#include "net/url.h"

namespace m8::probe {

struct ProbeOptions {
  std::chrono::milliseconds timeout{10'000};  ///< for each scheme tried
  int retries = 1;
  std::string user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
};

/// The URL with the scheme that answered, and the head of that answer.
struct Probed {
  net::Url url;
  http::Response answer;
};

/// What was found, or the error of the last attempt.
using ProbeDone = std::function<void(Result<Probed>)>;

/// True if \p host_and_port is tried with http first: port 80, 8080 or above 1024.
bool http_first(const net::Url& host_and_port);

/// Sends HEAD over https, then http (or the other way round, see http_first()), without waiting.
/// The first scheme that answers, with any status, wins. \p bare has no scheme. \p done is called
/// once, on the loop thread of the host. \p session is borrowed until then.
void probe_scheme(http::Session& session, net::Url bare, ProbeOptions options, ProbeDone done);

}  // namespace m8::probe
