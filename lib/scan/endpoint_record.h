/// EndpointRecord: what a scan tells of a web server that answered it.
#pragma once

#include "base/clock.h"
#include "http/response.h"
#include "model/endpoint.h"
#include "net/url.h"

namespace m8::scan {

/// The server behind \p url as \p response shows it. The status is that of its front page: 0 if
/// another path was asked. Allocates O(1) short texts.
model::Endpoint endpoint_of(const net::Url& url, const http::Response& response, WallTime now);

}  // namespace m8::scan
