// The header lines of a safe request, as Go's HTTP client writes them (templates 3.6).

#include <algorithm>
#include <utility>

#include "base/byte_set.h"
#include "operators/bytes.h"
#include "protocols/http_request.h"

namespace m8::protocols {
namespace {

using http::Header;

/// Exact case: "host" is another header than "Host" here.
Header* find_exact(std::vector<Header>& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [name](const Header& header) { return header.name == name; });
  return found == headers.end() ? nullptr : &*found;
}

/// Written by the engine itself, never from the map.
bool is_computed(const Header& header) {
  return header.name == "Host" || header.name == "User-Agent" || header.name == "Content-Length" ||
         header.name == "Transfer-Encoding" || header.name == "Trailer";
}

bool has_content_length(const WireOptions& options) {
  return options.body_size > 0 || options.method == "POST" || options.method == "PUT" ||
         options.method == "PATCH";
}

constexpr ByteSet kHostBytes = ByteSet::alphanumeric_and("!$%&'()*+,-.:;=[]_~");

}  // namespace

std::vector<Header> wire_headers(std::vector<Header> headers, WireOptions options,
                                 bool& transparent_gzip) {
  std::vector<Header> out;
  out.reserve(headers.size() + 4);
  out.push_back({"Host", std::move(options.host)});
  if (Header* agent = find_exact(headers, "User-Agent"); agent && !agent->value.empty()) {
    out.push_back({agent->name, std::move(agent->value)});
  }
  const Header* connection = find_exact(headers, "Connection");
  if (options.closes && connection != nullptr &&
      !operators::contains_folded(connection->value, "close")) {
    out.push_back({"Connection", "close"});
  }
  if (has_content_length(options)) {
    out.push_back({"Content-Length", std::to_string(options.body_size)});
  }
  transparent_gzip = find_exact(headers, "Accept-Encoding") == nullptr &&
                     find_exact(headers, "Range") == nullptr && options.method != "HEAD";
  if (options.closes && connection == nullptr) headers.push_back({"Connection", "close"});
  std::erase_if(headers, is_computed);
  std::sort(headers.begin(), headers.end(),
            [](const Header& a, const Header& b) { return a.name < b.name; });
  std::move(headers.begin(), headers.end(), std::back_inserter(out));
  if (transparent_gzip) out.push_back({"Accept-Encoding", "gzip"});
  return out;
}

std::string host_line(std::string_view host, std::string_view scheme, bool keep_default_port) {
  const std::size_t end = kHostBytes.skip(host, 0);
  if (end < host.size()) {
    if (host[end] != '/' && host[end] != ' ') return {};
    host = host.substr(0, end);
  }
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (!keep_default_port && host.ends_with(port)) host.remove_suffix(port.size());
  return std::string(host);
}

}  // namespace m8::protocols
