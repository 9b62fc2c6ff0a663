/// Burp: the site map of a proxy as targets, and its scanner's issues as findings.
///
/// Two APIs: burp-rest-api (`/burp/target/sitemap?urlPrefix=`), and PortSwigger's own REST API
/// (`/v0.1/scan`: start, poll). Threads: plain functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/session.h"
#include "model/finding.h"

namespace m8::issues {

/// What of a site map is no target.
struct SiteMapFilter {
  std::set<int> statuses{301, 302, 304, 307, 400, 404, 415, 500, 502};
  /// Media types, lower case, whatever parameters follow.
  std::set<std::string> types{"image/x-icon",
                              "image/bmp",
                              "image/gif",
                              "image/vnd.microsoft.icon",
                              "image/jpeg",
                              "image/png",
                              "image/svg+xml",
                              "image/tiff",
                              "image/webp",
                              "video/mp4",
                              "text/css",
                              "application/x-javascript",
                              "text/javascript",
                              "application/javascript",
                              "application/pdf",
                              "application/x-font-woff",
                              "application/x-font-woff2",
                              "application/font-woff",
                              "font/woff",
                              "font/woff2"};
};

/// A message of the site map that is worth a scan.
struct SiteMapTarget {
  std::string url;                      ///< without the default port
  std::string method;                   ///< "GET"
  std::vector<std::string> parameters;  ///< names of URL and body parameters, sorted, once each

  auto key() const { return std::tie(url, method, parameters); }
};

/// Reads the answer of burp-rest-api. Messages without response headers, with a status or media
/// type of \p filter, without a URL, and repetitions are left out. kInvalidArgument for what is
/// none.
Result<std::vector<SiteMapTarget>> parse_site_map(std::string_view json,
                                                  const SiteMapFilter& filter);

/// Asks the burp-rest-api at \p api for what lies under \p prefix. Errors of Session::call(), and
/// kProtocol for an answer that is no 200.
Result<std::vector<SiteMapTarget>> site_map(http::Session& session, const net::Url& api,
                                            const std::string& prefix, const SiteMapFilter& filter,
                                            std::stop_token stop);

/// PortSwigger's REST API.
struct BurpScanner {
  http::Session& session;
  Clock& clock;
  net::Url api;     ///< "http://127.0.0.1:1337"
  std::string key;  ///< of the API, never shown; empty: none is asked for
  std::chrono::milliseconds poll{5'000};
  std::chrono::milliseconds timeout{6 * 3'600'000};  ///< for the whole scan
};

/// Starts a scan of \p urls and returns its task id. kProtocol "... answered 401".
Result<std::string> start_burp_scan(const BurpScanner& scanner,
                                    const std::vector<std::string>& urls, std::stop_token stop);

/// Polls scan \p task until it ends, gives each issue to \p each as it is found, and returns how it
/// ended ("succeeded", "failed", "paused", "cancelled"). kTimeout, kCancelled, errors of the
/// session and of \p each.
Result<std::string> follow_burp_scan(const BurpScanner& scanner, const std::string& task,
                                     const std::function<Status(const model::Finding&)>& each,
                                     std::stop_token stop);

/// One answer to a poll.
struct BurpProgress {
  std::string status;
  std::int64_t last_event = -1;  ///< highest id, or that of the poll before
  std::vector<model::Finding> findings;
};
/// What came after the event with id \p after (-1: all), also if the answer repeats what was before
/// it. kInvalidArgument for what is none.
Result<BurpProgress> parse_burp_progress(std::string_view json, WallTime now,
                                         std::int64_t after = -1);

}  // namespace m8::issues
