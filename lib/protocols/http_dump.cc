#include "protocols/http_dump.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/file.h"
#include "operators/bytes.h"

namespace m8::protocols {
namespace {

bool is_token_byte(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool same_name(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() && operators::contains_folded(a, lower);
}

/// Lines that the head shows in a place of their own, or not at all.
bool is_framing(const http::Header& header) {
  return same_name(header.name, "content-length") || same_name(header.name, "transfer-encoding") ||
         same_name(header.name, "trailer");
}

bool has_no_length(int status) { return status == 304 || status == 204 || status / 100 == 1; }

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_framing(std::string& out, const http::Response& response, bool unsafe) {
  if (response.closes) append_line(out, "Connection", "close");
  if (response.chunked) {
    if (!unsafe) append_line(out, "Transfer-Encoding", "chunked");
  } else if (response.content_length >= 0 && !has_no_length(response.status)) {
    append_line(out, "Content-Length", std::to_string(response.content_length));
  }
  if (const auto* trailer = http::find_header(response.headers, "Trailer")) {
    append_line(out, "Trailer", trim(trailer->value));
  }
}

struct HeadLine {
  std::string name;
  std::string_view value;
  std::size_t at = 0;  ///< in the order received
};

/// REQUIRES: a header's name.
void make_canonical(std::string& name) {
  bool upper = true;
  for (char& c : name) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    if (letter) c = static_cast<char>(upper ? c & ~0x20 : c | 0x20);
    upper = c == '-';
  }
}

/// About the bytes of a head, a little more.
std::size_t head_size(const http::Response& response) {
  std::size_t bytes = 128 + response.reason.size();  // the first line and the framing
  for (const http::Header& header : response.headers)
    bytes += header.name.size() + header.value.size() + 4;
  return bytes;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '\'';
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  out += '\'';
}

}  // namespace

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token_byte);
}

std::string canonical_name(std::string_view name) {
  std::string out(name);
  if (is_header_name(name)) make_canonical(out);
  return out;
}

bool is_hidden(const http::Header& header, const http::Response& response) {
  if (response.closes && same_name(header.name, "connection")) {
    return operators::contains_folded(header.value, "close");
  }
  return response.chunked && same_name(header.name, "transfer-encoding");
}

std::string dump_head(const http::Response& response, bool unsafe) {
  std::string out;
  out.reserve(head_size(response));
  fmt::format_to(std::back_inserter(out), "HTTP/1.{} {} {}\r\n", response.version_minor,
                 response.status,
                 response.reason.empty() ? std::to_string(response.status) : response.reason);
  append_framing(out, response, unsafe);
  thread_local std::vector<HeadLine> lines;  // the names keep their memory for the next head
  std::size_t count = 0;
  for (const http::Header& header : response.headers) {
    if (!is_header_name(header.name) || is_framing(header) || is_hidden(header, response)) continue;
    if (count == lines.size()) lines.emplace_back();
    HeadLine& line = lines[count];
    line.name.assign(header.name);
    if (!unsafe) make_canonical(line.name);
    line.value = trim(header.value);
    line.at = count++;
  }
  const auto end = lines.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(lines.begin(), end, [](const HeadLine& a, const HeadLine& b) {
    const int order = a.name.compare(b.name);
    return order != 0 ? order < 0 : a.at < b.at;
  });
  for (auto line = lines.begin(); line != end; ++line) append_line(out, line->name, line->value);
  return out += "\r\n";
}

std::string curl_command(const net::Url& url, std::string_view sent) {
  const auto head_end = std::min(sent.find("\r\n\r\n"), sent.size());
  const std::string_view body = sent.substr(std::min(head_end + 4, sent.size()));
  std::string_view head = sent.substr(0, head_end);
  std::string out;
  out.reserve(2 * sent.size() + 64);
  out += "curl -X ";
  append_quoted(out, head.substr(0, head.find(' ')));
  if (!body.empty()) {
    out += " -d ";
    append_quoted(out, body);
  }
  std::vector<std::string_view> lines;
  lines.reserve(static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n')));
  for (auto end = head.find("\r\n"); end != std::string_view::npos; end = head.find("\r\n")) {
    head.remove_prefix(end + 2);
    lines.push_back(head.substr(0, head.find("\r\n")));
  }
  const auto name = [](std::string_view line) { return line.substr(0, line.find(':')); };
  std::sort(lines.begin(), lines.end(), [&](auto a, auto b) { return name(a) < name(b); });
  const std::string own_host = "Host: " + url.authority();
  for (const std::string_view line : lines) {
    // curl makes these itself; asking for gzip would only garble what it prints.
    if (name(line) == "Content-Length" || line == "Accept-Encoding: gzip" || line == own_host) {
      continue;
    }
    out += " -H ";
    append_quoted(out, line);
  }
  out += ' ';
  append_quoted(out, url.to_string());
  return out;
}

}  // namespace m8::protocols
