#include "protocols/http_request.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/byte_set.h"
#include "base/file.h"
#include "base/hash.h"
#include "dsl/render.h"
#include "http/raw_request.h"
#include "http/text.h"
#include "operators/bytes.h"
#include "protocols/http_url.h"

namespace m8::protocols {
namespace {

using http::Header;

Result<std::string> render(const TemplateText& text, const RequestSource& source) {
  if (!text.has_markers && !text.has_interaction) return text.text;
  std::string filled;
  if (text.has_interaction) filled = M8_TRY(source.urls.fill(text.text));
  auto rendered =
      dsl::render(text.has_interaction ? filled : text.text, source.names, source.services);
  // One code for all that goes wrong here: kNotFound is kept for unresolved markers.
  if (!rendered) return Error{ErrorCode::kInvalidArgument, rendered.error().message};
  return rendered;
}

/// Exact case: "host" is another header than "Host" here. Null if absent.
const Header* find_exact(const std::vector<Header>& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [name](const Header& header) { return header.name == name; });
  return found == headers.end() ? nullptr : &*found;
}

bool has_header(const std::vector<Header>& headers, std::string_view name) {
  return find_exact(headers, name) != nullptr;
}

/// Replaces the header of exactly that name, or adds it.
void set_header(std::vector<Header>& headers, std::string_view name, std::string value) {
  for (Header& header : headers) {
    if (header.name != name) continue;
    header.value = std::move(value);
    return;
  }
  headers.push_back({std::string(name), std::move(value)});
}

/// The value of the header of exactly that name, else \p fallback.
std::string header_or(const std::vector<Header>& headers, std::string_view name,
                      std::string fallback) {
  const Header* header = find_exact(headers, name);
  return header ? header->value : std::move(fallback);
}

constexpr ByteSet kFieldBytes = ByteSet("\t").with_range(0x20, 0xff).without("\x7f");
/// Without what a marker begins with, as it is or encoded.
constexpr ByteSet kPlainField = kFieldBytes.without("{%");
constexpr ByteSet kPlainName = ByteSet::alphanumeric_and("-_");

/// \p plain: whether no header can hold a marker.
Status check_headers(const std::vector<Header>& headers, bool& plain) {
  plain = true;
  for (const Header& header : headers) {
    if (!header.name.empty() && kPlainName.has_all(header.name) &&
        kPlainField.has_all(header.value))
      continue;
    plain = false;
    if (http::is_token(header.name) && kFieldBytes.has_all(header.value)) continue;
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("invalid header field {} for safe requests", header.name)};
  }
  return {};
}

/// The cheap test that spares nearly every request the search.
bool may_have_markers(std::string_view text) {
  if (text.find('{') != std::string_view::npos) return true;
  return text.find('%') != std::string_view::npos && operators::contains_folded(text, "%7b");
}

void collect_unresolved(std::string_view text, std::vector<std::string>& out) {
  if (!may_have_markers(text)) return;
  for (std::string& marker : dsl::unresolved(text)) out.push_back(std::move(marker));
}

void collect_unresolved(const std::vector<Header>& headers, std::vector<std::string>& out) {
  for (const Header& header : headers) {
    collect_unresolved(header.name, out);
    collect_unresolved(header.value, out);
  }
}

/// templates 2.5: nothing leaves with a marker in it.
Status check_resolved(const GeneratedRequest& generated) {
  const http::Request& request = generated.request;
  std::vector<std::string> markers;
  collect_unresolved(request.wire, markers);
  if (request.wire.empty()) {
    collect_unresolved(request.url.path, markers);
    collect_unresolved(request.url.query, markers);
    if (!generated.plain_headers) collect_unresolved(request.headers, markers);
    collect_unresolved(request.body, markers);
  }
  if (markers.empty()) return {};
  return Error{ErrorCode::kNotFound,
               fmt::format("unresolved variables found: {}", fmt::join(markers, ","))};
}

void set_limits(const HttpPlan& plan, const Settings& settings, http::Request& request) {
  request.timeout = settings.timeout;
  request.retries = settings.retries;
  if (plan.max_body != 0) request.max_body = plan.max_body;
  if (settings.max_body != 0) request.max_body = settings.max_body;
  request.server_name = settings.server_name;
  request.fresh_connection = plan.closes || plan.unsafe;
  request.read_to_end = plan.unsafe && plan.read_all;
}

void set_redirects(const HttpPlan& plan, const Settings& settings, http::Request& request) {
  using From = Settings::Redirects;
  request.redirects = plan.redirects;
  if (settings.redirects == From::kAll) request.redirects = http::Request::Redirects::kAll;
  if (settings.redirects == From::kSameHost) {
    request.redirects = http::Request::Redirects::kSameHost;
  }
  if (settings.redirects == From::kNone) request.redirects = http::Request::Redirects::kNone;
  if (plan.max_redirects != 0) request.max_redirects = plan.max_redirects;
  if (settings.max_redirects) request.max_redirects = *settings.max_redirects;
}

/// The headers that a safe request has of its own, then the block's, then -H.
Result<std::vector<Header>> all_headers(std::vector<Header> headers, const RequestSource& source) {
  constexpr std::size_t kDefaults = 6;  // and credentials
  headers.reserve(headers.size() + source.plan.headers.size() + source.settings.headers.size() +
                  kDefaults);
  for (const auto& [name, value] : source.plan.headers) {
    set_header(headers, name, M8_TRY(render(value, source)));
  }
  for (const Header& header : source.settings.headers) {
    set_header(headers, header.name, header.value);
  }
  return headers;
}

void add_defaults(std::vector<Header>& headers, const RequestSource& source) {
  if (!has_header(headers, "User-Agent")) {
    headers.push_back({"User-Agent", std::string(random_user_agent(source.services))});
  }
  if (source.plan.raw) return;
  if (!has_header(headers, "Accept")) headers.push_back({"Accept", "*/*"});
  if (!has_header(headers, "Accept-Language")) headers.push_back({"Accept-Language", "en"});
}

void add_credentials(std::vector<Header>& headers, const http::Request& request,
                     const RequestSource& source) {
  if (!request.url.user_info.empty() && !has_header(headers, "Authorization")) {
    const std::string plain = net::percent_decode(request.url.user_info);
    headers.push_back({"Authorization", "Basic " + base64_encode(plain)});
  }
  if (!source.cookies) return;
  if (std::string jar = source.cookies->header_for(request.url); !jar.empty()) {
    const std::string own = header_or(headers, "Cookie", "");
    set_header(headers, "Cookie", own.empty() ? std::move(jar) : http::merge_cookies(own, jar));
  }
}

/// Headers, limits, redirects: what every safe request goes through once its URL stands.
Status finish_safe(std::vector<Header> own, const RequestSource& source, GeneratedRequest& out) {
  http::Request& request = out.request;
  std::vector<Header> headers = M8_TRY(all_headers(std::move(own), source));
  add_defaults(headers, source);
  add_credentials(headers, request, source);
  M8_TRY(check_headers(headers, out.plain_headers));
  WireOptions options;
  const Header* host = find_exact(headers, "Host");
  options.host = host_line(host ? host->value : request.url.authority(), request.url.scheme,
                           source.settings.leave_default_ports);
  out.plain_headers = out.plain_headers && options.host.find('%') == std::string::npos;
  options.method = request.method;
  options.body_size = request.body.size();
  options.closes = source.plan.closes;
  request.headers = wire_headers(std::move(headers), std::move(options), request.transparent_gzip);
  set_limits(source.plan, source.settings, request);
  set_redirects(source.plan, source.settings, request);
  request.strict_location = true;
  request.cookies = source.cookies;
  return {};
}

Status set_server_name(const http::Annotations& annotations, const RequestSource& source,
                       http::Request& request) {
  if (annotations.tls_sni == "request.host") {
    request.server_name = header_or(request.headers, "Host", "");
    request.server_name.resize(std::min(request.server_name.find(':'), request.server_name.size()));
  } else if (annotations.tls_sni == "interactsh-url") {
    request.server_name = M8_TRY(source.urls.fill("{{interactsh-url}}"));
  } else if (!annotations.tls_sni.empty()) {
    request.server_name = annotations.tls_sni;
  }
  return {};
}

Status apply_annotations(const http::Annotations& annotations, const RequestSource& source,
                         GeneratedRequest& out) {
  http::Request& request = out.request;
  // The URL names the other host from here on, also where the finding tells what matched.
  if (annotations.host) {
    if (!annotations.host_scheme.empty()) request.url.scheme = annotations.host_scheme;
    request.url.host = annotations.host->host;
    if (annotations.host->port) request.url.port = annotations.host->port;
  }
  M8_TRY(set_server_name(annotations, source, request));
  if (annotations.timeout) {
    request.timeout = *annotations.timeout;
    out.own_deadline = true;
  } else if (source.plan.has_timeout) {
    request.timeout = 3 * source.settings.timeout;
  }
  return {};
}

/// Told before the rest of a request that names its own host (templates 2.5.5).
Status check_own_url(std::string_view url, const HttpPlan& plan) {
  if (plan.skip_variables_check || !may_have_markers(url)) return {};
  const auto markers = dsl::unresolved(url);
  if (markers.empty()) return {};
  return Error{ErrorCode::kNotFound,
               fmt::format("unresolved variables `{}` found in request", fmt::join(markers, ","))};
}

Status generate_path(const HttpEntry& entry, const RequestSource& source, GeneratedRequest& out) {
  out.request.method = source.plan.method;
  const std::string text = M8_TRY(render(entry.text, source));
  if (source.plan.self_contained) M8_TRY(check_own_url(text, source.plan));
  const net::Url none;
  out.request.url = M8_TRY(
      resolve_path_entry(text, source.plan.self_contained ? none : source.names.builtins().url()));
  out.request.body = M8_TRY(render(source.plan.body, source));
  return finish_safe({}, source, out);
}

Status generate_raw(const HttpEntry& entry, const RequestSource& source, GeneratedRequest& out) {
  const std::string text = M8_TRY(render(entry.text, source));
  http::RawRequest raw = M8_TRY(http::RawRequest::parse(text));
  out.request.method = std::move(raw.method);
  out.request.url =
      resolve_raw_target(raw.target, source.names.builtins().url(), source.plan.automerge);
  out.request.body =
      source.plan.has_body ? M8_TRY(render(source.plan.body, source)) : std::move(raw.body);
  M8_TRY(finish_safe(std::move(raw.headers), source, out));
  return apply_annotations(raw.annotations, source, out);
}

/// The target of a rendered text's request line; empty if it is malformed.
std::string_view target_of(std::string_view text) {
  const std::string_view rest = http::split_annotations(text).rest;
  const auto line = http::parse_request_line(trim(rest.substr(0, rest.find('\n'))), true);
  return line.ok() ? line->target : std::string_view();
}

/// Where a raw request that names its own host goes (templates 3.15).
Result<net::Url> own_url(const http::RawRequest& raw) {
  const auto wrong = [](std::string message) {
    return Error{ErrorCode::kInvalidArgument, std::move(message)};
  };
  if (raw.target.starts_with("http")) return resolve_path_entry(raw.target, {});
  if (raw.target.empty()) return wrong("path cannot be empty in self contained request");
  const std::string host(trim(header_or(raw.headers, "Host", "")));
  if (host.empty()) return wrong("host header is required for relative path");
  const bool rooted = raw.target.starts_with('/');
  return resolve_path_entry("http://" + host + (rooted ? "" : "/") + raw.target, {});
}

/// Rendered twice, the second time with the built-ins of the URL that the first has shown.
Status generate_self_contained(const HttpEntry& entry, const RequestSource& source,
                               GeneratedRequest& out) {
  std::string text = M8_TRY(render(entry.text, source));
  const std::string_view target = target_of(text);
  M8_TRY(check_own_url(target, source.plan));
  auto shown = resolve_path_entry(target, {});
  const HttpNames names = source.names.with_builtins(shown.ok() ? *shown : net::Url());
  const RequestSource again{source.plan,     source.settings, names,
                            source.services, source.cookies,  source.urls};
  text = M8_TRY(render(TemplateText(std::move(text)), again));
  http::RawRequest raw = M8_TRY(http::RawRequest::parse(text));
  out.request.url = M8_TRY(own_url(raw));
  out.request.method = std::move(raw.method);
  if (source.plan.unsafe) {
    out.request.wire = std::string(http::split_annotations(text).rest);
    set_limits(source.plan, source.settings, out.request);
    out.request.retries = 0;
  } else {
    out.request.body =
        source.plan.has_body ? M8_TRY(render(source.plan.body, again)) : std::move(raw.body);
    M8_TRY(finish_safe(std::move(raw.headers), again, out));
  }
  return apply_annotations(raw.annotations, again, out);
}

/// -H lines go right behind the Host line.
void insert_header_lines(std::string& wire, const std::vector<Header>& headers) {
  if (headers.empty()) return;
  const auto host = operators::to_lower(wire).find("host:");
  const auto end = host == std::string::npos ? host : wire.find('\n', host);
  if (end == std::string::npos) return;
  std::string lines;
  for (const Header& header : headers) lines += header.name + ": " + header.value + "\r\n";
  wire.insert(end + 1, lines);
}

Status generate_unsafe(const HttpEntry& entry, const RequestSource& source, GeneratedRequest& out) {
  const std::string text = M8_TRY(render(entry.text, source));
  const http::AnnotatedText annotated = http::split_annotations(text);
  const net::Url& target = source.names.builtins().url();
  std::string wire(annotated.rest);
  const std::string first_line(trim(wire.substr(0, wire.find('\n'))));
  const http::RequestLine line = M8_TRY(http::parse_request_line(first_line, true));
  const std::string formed = unsafe_target(line.target, target, source.plan.automerge);
  if (!line.target.empty()) wire.replace(wire.find(line.target), line.target.size(), formed);
  insert_header_lines(wire, source.settings.headers);

  out.matched = target.root() + formed;
  out.request.method = std::string(line.method);
  out.request.url = target;
  out.request.wire = std::move(wire);
  set_limits(source.plan, source.settings, out.request);
  set_redirects(source.plan, source.settings, out.request);
  out.request.timeout = 3 * source.settings.timeout;
  out.request.retries = 0;
  return apply_annotations(annotated.annotations, source, out);
}

}  // namespace

Status generate_request(const HttpEntry& entry, const RequestSource& source,
                        GeneratedRequest& out) {
  const HttpPlan& plan = source.plan;
  M8_TRY(!plan.raw             ? generate_path(entry, source, out)
         : plan.self_contained ? generate_self_contained(entry, source, out)
         : plan.unsafe         ? generate_unsafe(entry, source, out)
                               : generate_raw(entry, source, out));
  return plan.skip_variables_check ? Status() : check_resolved(out);
}

}  // namespace m8::protocols
