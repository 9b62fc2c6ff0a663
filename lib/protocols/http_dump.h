/// The text of a response's head as the reference engine shows it to matchers (templates 4.2), and
/// the curl line of a request.
#pragma once

#include <string>
#include <string_view>

#include "http/request.h"
#include "http/response.h"

namespace m8::protocols {

/// Status line, header lines, empty line. \p unsafe: names keep the server's case and there is no
/// line about chunks.
std::string dump_head(const http::Response& response, bool unsafe);

/// Go's canonical header name: "x-XSS-protection" is "X-Xss-Protection". A name with bytes that no
/// token has stays as it is.
std::string canonical_name(std::string_view name);

/// True if a header line of that name is shown at all.
bool is_header_name(std::string_view name);

/// True for headers that the engine takes out of the map: the Connection line of a server that
/// closes, Transfer-Encoding of chunks (templates 4.2.5).
bool is_hidden(const http::Header& header, const http::Response& response);

/// "curl -X 'GET' -d 'body' -H 'Accept: */*' 'http://a.com/'" of request \p sent, as it went on the
/// wire: parts in single quotes, headers sorted, without those that curl makes itself.
std::string curl_command(const net::Url& url, std::string_view sent);

}  // namespace m8::protocols
