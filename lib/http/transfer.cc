#include "http/transfer.h"

#include <algorithm>

#include "base/version.h"
#include "http/text.h"

namespace m8::http {
namespace {

constexpr long kMaxAgeSlack = 1;

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return ErrorCode::kNotFound;
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::kTimeout;
    case CURLE_URL_MALFORMAT:
      return ErrorCode::kInvalidArgument;
    case CURLE_UNSUPPORTED_PROTOCOL:  // what it says of an answer that isn't HTTP
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return ErrorCode::kProtocol;
    case CURLE_OUT_OF_MEMORY:
      return ErrorCode::kExhausted;
    default:
      return ErrorCode::kNetwork;
  }
}

bool has_line_end(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<Transfer>> Transfer::create(const Request& request,
                                                   const Session::Options& options,
                                                   std::chrono::milliseconds timeout) {
  if (!request.wire.empty()) {
    return Error{ErrorCode::kInvalidArgument, "service request: raw bytes are for targets only"};
  }
  if (request.url.scheme != "http" && !request.url.is_tls()) {
    return Error{ErrorCode::kInvalidArgument, "service request: no http URL"};
  }
  auto transfer = std::make_unique<Transfer>();
  transfer->easy.reset(curl_easy_init());
  if (!transfer->easy) return Error{ErrorCode::kExhausted, "service request: out of memory"};
  transfer->url = request.url.to_string();
  transfer->max_body = request.max_body;
  M8_TRY(transfer->set_headers(request, options));
  transfer->set_request(request);
  transfer->set_connection(request, options, timeout);
  return transfer;
}

bool Transfer::add_header(std::string_view name, std::string_view value) {
  std::string line(name);
  // libcurl's way to send a header without a value.
  line += value.empty() ? std::string(";") : ": " + std::string(value);
  curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)headers.release();
  headers.reset(longer);
  return true;
}

Status Transfer::set_headers(const Request& request, const Session::Options& options) {
  bool added = true;
  for (const Header& header : request.headers) {
    if (!is_token(header.name) || has_line_end(header.value)) {
      return Error{ErrorCode::kInvalidArgument, "service request: bad header " + header.name};
    }
    added &= add_header(header.name, header.value);
  }
  if (find_header(request.headers, "user-agent") == nullptr) {
    added &= add_header("User-Agent", options.user_agent.empty() ? std::string("m8/") + version()
                                                                 : options.user_agent);
  }
  // Without a colon's value libcurl leaves out what it would add by itself.
  for (const char* removed : {"Expect:", "Content-Type:"}) {
    const std::string_view name(removed, std::string_view(removed).size() - 1);
    if (find_header(request.headers, name) != nullptr) continue;
    curl_slist* longer = curl_slist_append(headers.get(), removed);
    added &= longer != nullptr;
    if (longer == nullptr) continue;
    (void)headers.release();
    headers.reset(longer);
  }
  if (!added) return Error{ErrorCode::kExhausted, "service request: out of memory"};
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  return {};
}

void Transfer::set_request(const Request& request) {
  CURL* handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  // "": all that libcurl can decode.
  if (request.decompress) curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body_bytes);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header_bytes);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
}

void Transfer::set_connection(const Request& request, const Session::Options& options,
                              std::chrono::milliseconds timeout) {
  CURL* handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(handle, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, std::max(static_cast<long>(timeout.count()), 1L));
  curl_easy_setopt(handle, CURLOPT_MAXAGE_CONN,
                   std::max(static_cast<long>(options.idle_timeout.count()), kMaxAgeSlack));
  curl_easy_setopt(handle, CURLOPT_PROXY, options.service_proxy.c_str());
  if (!options.service_ca.empty())
    curl_easy_setopt(handle, CURLOPT_CAINFO, options.service_ca.c_str());
  if (request.fresh_connection) {
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  }
  if (!request.connect_to) return;
  const std::string port =
      request.connect_to->port ? std::to_string(*request.connect_to->port) : std::string();
  const bool v6 = request.connect_to->host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + request.connect_to->host + "]" : request.connect_to->host;
  connect_to.reset(curl_slist_append(nullptr, ("::" + host + ":" + port).c_str()));
  curl_easy_setopt(handle, CURLOPT_CONNECT_TO, connect_to.get());
}

/// A status line begins the header anew: libcurl also passes on those of 1xx answers.
void Transfer::on_header(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    response.headers.clear();
    const std::size_t space = line.find(' ');
    const std::size_t reason = space == line.npos ? line.npos : line.find(' ', space + 1);
    response.reason = reason == line.npos ? std::string_view() : line.substr(reason + 1);
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  response.headers.push_back(
      {std::string(line.substr(0, colon)), std::string(trim_blanks(line.substr(colon + 1)))});
}

std::size_t Transfer::on_header_bytes(char* bytes, std::size_t one, std::size_t size, void* self) {
  static_cast<Transfer*>(self)->on_header(std::string_view(bytes, one * size));
  return one * size;
}

std::size_t Transfer::on_body_bytes(char* bytes, std::size_t one, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::string& body = transfer.response.body;
  const std::size_t room = transfer.max_body - body.size();
  body.append(bytes, std::min(one * size, room));
  transfer.capped = one * size > room;
  return transfer.capped ? 0 : one * size;
}

Result<Response> Transfer::result(const Request& request) {
  if (cancelled) return Error{ErrorCode::kCancelled, "service request: cancelled"};
  if (code != CURLE_OK && !(capped && code == CURLE_WRITE_ERROR)) {
    const char* reason = error_text[0] != '\0' ? error_text : curl_easy_strerror(code);
    return Error{code_of(code), "service " + request.url.host + ": " + reason};
  }
  CURL* handle = easy.get();
  long status = 0;
  long version = 0;
  curl_off_t waited = 0;
  const char* ip = nullptr;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle, CURLINFO_HTTP_VERSION, &version);
  curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &response.content_length);
  curl_easy_getinfo(handle, CURLINFO_STARTTRANSFER_TIME_T, &waited);
  curl_easy_getinfo(handle, CURLINFO_PRIMARY_IP, &ip);
  response.status = static_cast<int>(status);
  response.version_major = version == CURL_HTTP_VERSION_2_0 ? 2 : 1;
  response.version_minor = version == CURL_HTTP_VERSION_1_1 ? 1 : 0;
  response.duration = std::chrono::microseconds(waited);
  response.body_truncated = capped;
  response.decompressed =
      request.decompress && find_header(response.headers, "content-encoding") != nullptr;
  response.url = request.url;
  if (ip != nullptr) response.ip = net::IpAddress::parse(ip).value_or({});
  return std::move(response);
}

}  // namespace m8::http
