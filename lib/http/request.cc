#include "http/request.h"

#include <algorithm>

#include "http/text.h"

namespace m8::http {

const Header* find_header(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (same_text(header.name, name)) return &header;
  }
  return nullptr;
}

namespace {

/// Writes into room that is there.
class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}
  Pen& put(std::string_view text) {
    at_ = std::copy(text.begin(), text.end(), at_);
    return *this;
  }

 private:
  char* at_;
};

constexpr std::string_view kVersion = " HTTP/1.1\r\n", kColon = ": ", kEnd = "\r\n";
constexpr std::string_view kProxyLogin = "Proxy-Authorization: ";

std::string write_request(const Request& request, std::string_view root,
                          std::string_view authorization) {
  const net::Url& url = request.url;
  const std::string_view path = url.path.empty() ? std::string_view("/") : url.path;
  std::size_t size = request.method.size() + 1 + root.size() + path.size() + kVersion.size() +
                     kEnd.size() + request.body.size();
  if (url.has_query) size += 1 + url.query.size();
  for (const Header& header : request.headers)
    size += header.name.size() + kColon.size() + header.value.size() + kEnd.size();
  if (!authorization.empty()) size += kProxyLogin.size() + authorization.size() + kEnd.size();
  std::string bytes(size, '\0');
  Pen pen(bytes.data());
  pen.put(request.method).put(" ").put(root).put(path);
  if (url.has_query) pen.put("?").put(url.query);
  pen.put(kVersion);
  for (const Header& header : request.headers)
    pen.put(header.name).put(kColon).put(header.value).put(kEnd);
  if (!authorization.empty()) pen.put(kProxyLogin).put(authorization).put(kEnd);
  pen.put(kEnd).put(request.body);
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
