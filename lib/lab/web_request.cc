#include "lab/web_request.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/file.h"
#include "net/url.h"

namespace m8::lab {
namespace {

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// Value of \p name in "a=1&b=2", decoded as a form is.
std::string find_pair(std::string_view pairs, std::string_view name) {
  while (!pairs.empty()) {
    const auto end = std::min(pairs.find('&'), pairs.size());
    const std::string_view pair = pairs.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != pair.npos && pair.substr(0, equals) == name) {
      std::string value(pair.substr(equals + 1));
      std::replace(value.begin(), value.end(), '+', ' ');
      return net::percent_decode(value);
    }
    pairs.remove_prefix(std::min(end + 1, pairs.size()));
  }
  return {};
}

Error malformed(const char* what) { return {ErrorCode::kProtocol, what}; }

Status read_request_line(std::string_view line, WebRequest& request) {
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == line.npos || first == 0 || last == first) return malformed("bad request line");
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.0" && version != "HTTP/1.1") return malformed("bad HTTP version");
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  request.minor_version = version.back() - '0';
  return {};
}

Status read_headers(std::string_view lines, WebRequest& request) {
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = trim(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const auto colon = line.find(':');
    if (colon == line.npos || colon == 0) return malformed("bad header line");
    request.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return {};
}

Result<std::size_t> body_size(const WebRequest& request) {
  if (!request.header("Transfer-Encoding").empty())
    return Error{ErrorCode::kUnsupported, "transfer coding"};
  const std::string_view text = request.header("Content-Length");
  if (text.empty()) return std::size_t{0};
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc{} || end != text.data() + text.size())
    return malformed("bad content length");
  if (size > kMaxRequestBodyBytes) return Error{ErrorCode::kExhausted, "request body too large"};
  return size;
}

/// Where the head ends (past the empty line), npos if it does not yet.
std::size_t head_end(std::string_view bytes) {
  const auto strict = bytes.find("\r\n\r\n"), loose = bytes.find("\n\n");
  if (strict == bytes.npos && loose == bytes.npos) return bytes.npos;
  return loose < strict ? loose + 2 : strict + 4;
}

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    default:
      return "Status";
  }
}

}  // namespace

std::string_view WebRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (same_word(key, name)) return value;
  return {};
}

std::string_view WebRequest::path() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string WebRequest::parameter(std::string_view name) const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? ""
                                   : find_pair(std::string_view(target).substr(mark + 1), name);
}

std::string WebRequest::form(std::string_view name) const { return find_pair(body, name); }

bool WebRequest::keep_alive() const {
  const std::string_view connection = header("Connection");
  return minor_version == 1 ? !same_word(connection, "close") : same_word(connection, "keep-alive");
}

Result<ReadRequest> read_request(std::string_view bytes) {
  const auto head_size = head_end(bytes);
  if (std::min(head_size, bytes.size()) > kMaxHeadBytes)
    return Error{ErrorCode::kExhausted, "request head too large"};
  ReadRequest out;
  if (head_size == bytes.npos) {
    const bool printable = bytes.empty() || (bytes[0] >= 'A' && bytes[0] <= 'Z');
    return printable ? Result(std::move(out)) : malformed("not HTTP");
  }
  const std::string_view head = bytes.substr(0, head_size);
  const auto line_end = head.find('\n');
  M8_TRY(read_request_line(trim(head.substr(0, line_end)), out.request));
  std::string_view fields = head.substr(line_end + 1);
  fields.remove_suffix(std::min<std::size_t>(fields.size(), fields.ends_with("\r\n") ? 2 : 1));
  M8_TRY(read_headers(fields, out.request));
  const std::size_t body = M8_TRY(body_size(out.request));
  if (bytes.size() - head_size < body) return out;
  out.request.body = bytes.substr(head_size, body);
  out.request.head = head;
  out.size = head_size + body;
  out.complete = true;
  return out;
}

WebResponse& WebResponse::with(std::string name, std::string value) {
  headers.emplace_back(std::move(name), std::move(value));
  return *this;
}

WebResponse web_page(int status, std::string type, std::string body) {
  WebResponse response;
  response.status = status;
  response.type = std::move(type);
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

std::string write_head(const WebResponse& response, bool keep_alive) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  if (!response.type.empty()) out += "Content-Type: " + response.type + "\r\n";
  out += fmt::format("Content-Length: {}\r\n", response.body ? response.body->size() : 0);
  if (!keep_alive) out += "Connection: close\r\n";
  return out + "\r\n";
}

}  // namespace m8::lab
