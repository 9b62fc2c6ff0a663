/// Endpoint: a live http(s) service, and what a probe saw of it (m8-records(5)).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/tls_peer.h"

namespace m8::model {

struct Endpoint {
  std::string url;       ///< scheme://host[:port][/path]
  std::string hostname;  ///< host part
  std::string ip;
  int port = 0;
  int status = 0;
  std::string title;
  std::string server;
  bool live = true;
  WallTime last_seen{};

  // ---- what asmm8 probe adds
  std::string input;   ///< as given
  std::string scheme;  ///< "http" or "https"
  std::string method;
  std::string path;                 ///< of the request, with query
  std::string content_type;         ///< without parameters
  std::int64_t content_length = 0;  ///< of the header, else of the body
  std::uint64_t words = 0, lines = 0;
  std::vector<std::string> cname;         ///< the names on the way to the address
  std::vector<std::string> csp;           ///< hosts that its content policies name, once each
  std::string location;                   ///< of the first answer that redirects
  std::string final_url;                  ///< where a followed chain ended; empty without one
  std::vector<int> chain_status;          ///< of a followed chain, the last answer included
  std::vector<std::string> chain;         ///< the URLs of it
  std::vector<std::string> chain_heads;   ///< the heads of its answers, if they are to be kept
  std::chrono::microseconds time{0};      ///< from sending to the head of the answer
  std::vector<std::string> technologies;  ///< "Nginx:1.22.1", sorted
  std::vector<std::pair<std::string, std::string>> hashes;      ///< "body_md5" and its text
  std::string favicon, favicon_md5, favicon_path, favicon_url;  ///< favicon: mmh3, signed decimal
  std::string jarm;
  std::string cdn_name, cdn_type;  ///< "cloudflare", "waf"; empty if in no known range
  bool cdn = false;                ///< a CDN or a WAF (not a mere cloud) answers for the host
  bool http2 = false;              ///< offered in ALPN
  bool websocket = false;          ///< the answer switches to it, or offers it
  bool pipeline = false;           ///< answers requests that were sent without waiting
  bool vhost = false;              ///< answers another Host header otherwise
  std::shared_ptr<const net::TlsPeer> tls;  ///< null unless asked for; shared by copies
  std::string body_preview;
  std::vector<std::string> extracts;      ///< what --extract-regex found
  std::string raw_header, body, request;  ///< only if they are to be kept in the record
  std::string screenshot_path;
  std::string stored_response_path;  ///< absolute
  std::string error;                 ///< why it is not live
};

}  // namespace m8::model
