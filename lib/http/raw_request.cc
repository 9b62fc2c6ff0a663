#include "http/raw_request.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/byte_set.h"
#include "base/file.h"

namespace m8::http {
namespace {

constexpr std::chrono::minutes kMaxTimeout{5};
constexpr ByteSet kNoBlanks = ByteSet().with_range(0, 0xff).without(" \t\r\n\v\f");

/// Cuts the first line off \p text; the line comes without its LF but with a CR if it has one.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

void read_host(std::string_view value, Annotations& annotations) {
  for (const std::string_view scheme : {"https", "http"}) {
    if (!value.starts_with(scheme) || !value.substr(scheme.size()).starts_with("://")) continue;
    annotations.host_scheme = scheme;
    value.remove_prefix(scheme.size() + 3);
    break;
  }
  value = value.substr(0, value.find_first_of("/?#"));
  auto host = net::HostPort::parse(value);
  if (host.ok()) annotations.host = std::move(host).value();
}

void read_timeout(std::string_view value, Annotations& annotations) {
  const auto duration = parse_go_duration(value);
  if (!duration.ok() || *duration <= std::chrono::nanoseconds(0)) return;
  annotations.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::min<std::chrono::nanoseconds>(*duration, kMaxTimeout));
}

void read_annotation(std::string_view line, Annotations& annotations) {
  if (trim(line) == "@once") annotations.once = true;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (value.empty()) return;
  if (name == "@Host" && !annotations.host) read_host(value, annotations);
  if (name == "@timeout" && !annotations.timeout) read_timeout(value, annotations);
  if (name == "@tls-sni" && annotations.tls_sni.empty()) annotations.tls_sni = value;
}

/// Last value wins, first place stays.
void set_header(std::vector<Header>& headers, std::string_view name, std::string_view value) {
  if (name.empty()) return;
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& header) { return header.name == name; });
  if (found == headers.end()) {
    headers.push_back({std::string(name), std::string(value)});
  } else {
    found->value = value;
  }
}

/// Reads header lines up to the empty one. True if the body is multipart.
bool read_headers(std::string_view& rest, std::vector<Header>& headers) {
  bool multipart = false;
  headers.reserve(8);
  std::string_view value;
  while (!rest.empty()) {
    const std::string_view line = trim(take_line(rest));
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon != std::string_view::npos) value = trim(line.substr(colon + 1));
    multipart |= name.find("Content-Type") != std::string_view::npos &&
                 value.find("multipart/") != std::string_view::npos;
    set_header(headers, name, value);
  }
  return multipart;
}

struct Unit {
  std::string_view name;
  double nanoseconds;
};
constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                      {"us", 1e3},
                                      {"\xc2\xb5s", 1e3},
                                      {"\xce\xbcs", 1e3},
                                      {"ms", 1e6},
                                      {"s", 1e9},
                                      {"m", 60e9},
                                      {"h", 3600e9}}};

bool is_number_char(char c) { return (c >= '0' && c <= '9') || c == '.'; }

/// Takes "12.5" off \p text; negative if there is no number.
double take_number(std::string_view& text) {
  double value = 0;
  double fraction = 0;
  bool digits = false;
  while (!text.empty() && is_number_char(text[0])) {
    const char c = text[0];
    text.remove_prefix(1);
    if (c == '.' && fraction > 0) return -1;
    if (c == '.') {
      fraction = 1;
      continue;
    }
    digits = true;
    const double digit = c - '0';
    value = fraction > 0 ? value + digit * (fraction /= 10) : value * 10 + digit;
  }
  return digits ? value : -1;
}

/// Takes a unit off \p text; 0 if it is none.
double take_unit(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && !is_number_char(text[size])) ++size;
  const std::string_view name = text.substr(0, size);
  text.remove_prefix(size);
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.nanoseconds;
  }
  return 0;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_go_duration(std::string_view text) {
  const Error error{ErrorCode::kInvalidArgument,
                    "duration: not a number with a unit: " + std::string(text.substr(0, 40))};
  const bool negative = text.starts_with('-');
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return std::chrono::nanoseconds(0);
  if (text.empty()) return error;
  double total = 0;
  while (!text.empty()) {
    const double number = take_number(text);
    const double unit = take_unit(text);
    if (number < 0 || unit <= 0) return error;
    total += number * unit;
    if (total > 9e18) return error;
  }
  return std::chrono::nanoseconds(std::llround(negative ? -total : total));
}

AnnotatedText split_annotations(std::string_view text) {
  AnnotatedText result;
  while (text.starts_with('@')) read_annotation(take_line(text), result.annotations);
  result.rest = text;
  return result;
}

Result<RequestLine> parse_request_line(std::string_view line, bool lenient) {
  std::array<std::string_view, 3> fields;
  std::size_t count = 0;
  while (count < fields.size()) {
    line = trim(line);
    if (line.empty()) break;
    const std::size_t end = kNoBlanks.skip(line, 0);
    fields[count++] = line.substr(0, end);
    line.remove_prefix(end);
  }
  if (count == 2 && fields[1].find("HTTP") != std::string_view::npos)
    return RequestLine{fields[0], {}};
  if (count < 3 && !lenient) {
    return Error{ErrorCode::kInvalidArgument, "malformed request specified"};
  }
  return RequestLine{fields[0], fields[1]};
}

Result<RawRequest> RawRequest::parse(std::string_view text) {
  RawRequest request;
  AnnotatedText annotated = split_annotations(text);
  request.annotations = std::move(annotated.annotations);
  std::string_view rest = annotated.rest;
  const RequestLine line = M8_TRY(parse_request_line(take_line(rest)));
  request.method = line.method;
  request.target = line.target;
  const bool multipart = read_headers(rest, request.headers);
  if (!multipart && rest.ends_with("\r\n")) rest.remove_suffix(2);
  request.body = rest;
  return request;
}

}  // namespace m8::http
