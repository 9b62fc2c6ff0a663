#include "http/request.h"

#include "http/text.h"

namespace m8::http {

const Header* find_header(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (same_text(header.name, name)) return &header;
  }
  return nullptr;
}

namespace {

std::string write_request(const Request& request, const std::string& root,
                          const std::string& authorization) {
  std::string bytes;
  const net::Url& url = request.url;
  std::size_t size = request.method.size() + root.size() + url.path.size() + url.query.size() +
                     authorization.size() + 50;
  for (const Header& header : request.headers) size += header.name.size() + header.value.size() + 4;
  bytes.reserve(size + request.body.size());
  bytes.append(request.method).append(" ").append(root);
  bytes.append(url.path.empty() ? std::string_view("/") : std::string_view(url.path));
  if (url.has_query) bytes.append("?").append(url.query);
  bytes.append(" HTTP/1.1\r\n");
  for (const Header& header : request.headers)
    bytes.append(header.name).append(": ").append(header.value).append("\r\n");
  if (!authorization.empty())
    bytes.append("Proxy-Authorization: ").append(authorization).append("\r\n");
  bytes.append("\r\n").append(request.body);
  return bytes;
}

}  // namespace

std::string to_wire(const Request& request) {
  return request.wire.empty() ? write_request(request, {}, {}) : request.wire;
}

std::string to_proxy_wire(const Request& request, const std::string& authorization) {
  net::Url root = request.url;
  // @Host is where the proxy shall go to.
  if (request.connect_to) {
    root.host = request.connect_to->host;
    if (request.connect_to->port) root.port = request.connect_to->port;
  }
  return write_request(request, root.root(), authorization);
}

}  // namespace m8::http
