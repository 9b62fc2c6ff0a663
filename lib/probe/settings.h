/// Settings: what a probe asks for and what it reports. Plain values, one for a whole run.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/regex.h"
#include "http/request.h"

namespace m8::probe {

struct Settings {
  // ---- the request
  std::string method = "GET";
  std::string user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
  std::vector<http::Header> headers;  ///< put in, or in the place of ours of the same name
  std::string body;
  std::string server_name;         ///< SNI; empty: the host's name
  std::vector<std::string> paths;  ///< each is asked for; empty: the target's own path
  std::chrono::milliseconds timeout{10'000};
  int retries = 0;
  http::Request::Redirects redirects = http::Request::Redirects::kNone;
  int max_redirects = 10;
  std::size_t max_body = 4u << 20;  ///< bytes of a body that are read; the rest is left
  bool both_schemes = false;        ///< a bare host is asked over https and http, whatever answers

  // ---- the record
  bool tls = false;                 ///< certificate and what the handshake agreed on
  bool favicon = false;             ///< one or two requests more
  bool jarm = false;                ///< ten connections more for each https endpoint
  bool http2 = false;               ///< one connection more for each https endpoint
  bool pipeline = false;            ///< one connection more
  bool vhost = false;               ///< one request more
  bool all_addresses = false;       ///< a name is asked at each of its addresses
  std::vector<std::string> hashes;  ///< names of hash_names()
  std::size_t preview = 0;          ///< characters of the body's beginning in the record
  std::vector<Regex> extractors;    ///< what matches them in a body is reported
  bool keep_header = false, keep_body = false, keep_request = false, keep_chain = false;
  bool report_failures = false;  ///< a record also for what did not answer
  bool tell_ends = false;        ///< an outcome "probe" for each target, after its records

  /// Path of a Chromium; empty: no pictures. Each is written as PNG into screenshot_directory.
  std::string screenshot_program;
  std::string screenshot_directory;
  std::chrono::milliseconds screenshot_timeout{30'000};

  std::size_t in_flight = 50;  ///< targets worked on at a time
};

}  // namespace m8::probe
