/// What needs connections of its own and blocking calls: JARM, HTTP/2, pipelining, a picture.
///
/// Each waits, at most for the time it is given. For worker threads.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "net/address.h"
#include "probe/settings.h"

namespace m8::probe {

/// The JARM fingerprint of the server at \p at, asked for \p host; ten connections, each given \p
/// timeout; after three that brought nothing in time no more. All zeros if it speaks no TLS, empty
/// once stopped.
std::string jarm_of(const net::SocketAddress& at, const std::string& host,
                    std::chrono::milliseconds timeout, std::stop_token stop);

/// Whether the server agrees on h2 in ALPN. One connection.
bool offers_http2(const net::SocketAddress& at, const std::string& host,
                  std::chrono::milliseconds timeout);

/// Whether the server at \p at answers at least two of ten requests for \p host that are sent at
/// once (RFC 9112 9.3.2). One connection; \p tls: within TLS.
bool pipelines(const net::SocketAddress& at, const std::string& host, bool tls,
               std::chrono::milliseconds timeout);

/// Where a headless Chromium may be: the first that is installed of those in \p search_path.
/// kNotFound says what to install.
Result<std::string> find_browser(const std::string& search_path);

/// A picture of \p url, taken by Settings::screenshot_program. The file's path; empty if the
/// browser failed or took too long.
std::string take_screenshot(const Settings& settings, const std::string& url, Clock& clock,
                            std::stop_token stop);

}  // namespace m8::probe
