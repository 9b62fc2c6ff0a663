/// Redirects: from an answer and the request that led to it to the next request (templates 3.8).
#pragma once

#include <optional>

#include "base/result.h"
#include "http/request.h"
#include "http/response.h"

namespace m8::http {

/// The hop after \p response, the answer to \p request; \p first is the request that began the
/// chain. Empty if none is to be followed: no redirect status, no Location, or one that the rule of
/// Request::Redirects excludes. kProtocol if the Location can't be parsed. Neither counts hops nor
/// asks the scope.
Result<std::optional<Request>> next_hop(const Request& first, const Request& request,
                                        const Response& response);

/// True if \p response is a redirect to what Go's net/url does not parse: no scheme before a colon
/// in the first segment, a broken %-escape in path or fragment, a control character.
bool has_unreadable_location(const Response& response);

/// The Host header for \p url: without the default port of its scheme.
std::string host_header(const net::Url& url);

}  // namespace m8::http
