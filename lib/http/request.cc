#include "http/request.h"

#include "http/text.h"

namespace m8::http {

const Header* find_header(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (same_text(header.name, name)) return &header;
  }
  return nullptr;
}

std::string to_wire(const Request& request) {
  if (!request.wire.empty()) return request.wire;
  std::string bytes;
  const net::Url& url = request.url;
  std::size_t size = request.method.size() + url.path.size() + url.query.size() + 20;
  for (const Header& header : request.headers) size += header.name.size() + header.value.size() + 4;
  bytes.reserve(size + request.body.size());
  bytes.append(request.method).append(" ");
  bytes.append(url.path.empty() ? std::string_view("/") : std::string_view(url.path));
  if (url.has_query) bytes.append("?").append(url.query);
  bytes.append(" HTTP/1.1\r\n");
  for (const Header& header : request.headers)
    bytes.append(header.name).append(": ").append(header.value).append("\r\n");
  bytes.append("\r\n").append(request.body);
  return bytes;
}

}  // namespace m8::http
