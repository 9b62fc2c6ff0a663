/// From the answers that a target gave to the record of it.
#pragma once

#include <string>
#include <string_view>

#include "http/response.h"
#include "model/endpoint.h"
#include "probe/cdn.h"
#include "probe/page.h"
#include "probe/settings.h"
#include "probe/technologies.h"

namespace m8::probe {

/// What records are made with, borrowed; null where it is not wanted.
struct RecordTools {
  const Settings& settings;
  const TechnologyDetector* technologies = nullptr;
  const CdnTable* cdn = nullptr;
};

/// Fills in everything that \p exchange tells. \p page is read_page() of the last body. \p now is
/// the time of the record. Not set: favicon, vhost, jarm, http2,
/// pipeline, screenshot.
model::Endpoint make_record(const RecordTools& tools, const std::string& input,
                            const http::Exchange& exchange, const Page& page, WallTime now);

/// The record of \p url that did not answer.
model::Endpoint make_failure(const Settings& settings, const std::string& input,
                             const net::Url& url, const Error& error, WallTime now);

/// Status line and header lines as text, with the empty line.
std::string head_text(const http::Response& response);

/// What Content-Length says, else the bytes of the body.
std::int64_t body_length(const http::Response& response);

/// Spaces that separate words, and one more; the same for line ends of the trimmed body.
std::uint64_t count_words(std::string_view body);
std::uint64_t count_lines(std::string_view body);

}  // namespace m8::probe
