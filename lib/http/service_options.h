/// ServiceOptions: the limits under which services are called, defaults included.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "http/proxy.h"
#include "net/circuit_breaker.h"

namespace m8::http {

struct ServiceOptions {
  std::string user_agent;  ///< empty = "m8/<version>"
  /// One try in all, redirects and body included. Further tries and the pauses before them come on
  /// top.
  std::chrono::milliseconds timeout{30'000};

  std::size_t max_idle = 100;                 ///< idle connections; the oldest is closed first
  std::size_t max_connections_per_host = 30;  ///< more calls wait for one of them
  std::size_t max_idle_per_host = 10;
  std::chrono::milliseconds idle_timeout{90'000};
  bool keep_alive = true;   ///< false: a connection for each request
  bool compression = true;  ///< ask for and decode gzip, deflate, br, zstd

  std::chrono::milliseconds dial_timeout{10'000};    ///< name and TCP
  std::chrono::milliseconds tls_timeout{10'000};     ///< handshake, and what a proxy is told before
  std::chrono::milliseconds header_timeout{10'000};  ///< request sent to end of the answer's head
  std::chrono::milliseconds expect_timeout{1000};    ///< for 100 Continue, before a large body
  std::chrono::milliseconds tcp_keepalive{30'000};   ///< between probes of an idle connection
  /// A body that brings less than this many bytes within each stall_timeout is given up.
  std::size_t stall_bytes = 64;
  std::chrono::milliseconds stall_timeout{10'000};

  int retries = 2;                                    ///< further tries of one call
  std::chrono::milliseconds retry_backoff{500};       ///< most before the first; doubles
  std::chrono::milliseconds max_backoff{10'000};      ///< most before any
  std::chrono::milliseconds max_retry_after{60'000};  ///< who asks for more is not asked again
  net::CircuitBreaker::Options breaker;

  ProxyRules proxies;   ///< of the flags or the environment
  std::string ca_file;  ///< further trusted certificates; empty = the system's
};

}  // namespace m8::http
