#include "scan/endpoint_record.h"

namespace m8::scan {

model::Endpoint endpoint_of(const net::Url& url, const http::Response& response, WallTime now) {
  model::Endpoint record;
  record.url = url.root();
  record.hostname = url.host;
  record.ip = response.ip.to_string();
  record.port = url.effective_port();
  const bool front_page = (url.path.empty() || url.path == "/") && url.query.empty();
  record.status = front_page ? response.status : 0;
  constexpr std::size_t kLongestServer = 256;
  if (const auto* server = http::find_header(response.headers, "server")) {
    record.server = server->value.substr(0, kLongestServer);
  }
  record.last_seen = now;
  return record;
}

}  // namespace m8::scan
