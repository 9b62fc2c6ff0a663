#include "http/transfer.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/version.h"
#include "http/text.h"

namespace m8::http {
namespace {

/// libcurl has a bound of its own, a little above.
constexpr std::size_t kMaxHead = 256u << 10;
/// libcurl's own time-outs come this much later than ours, which say more.
constexpr std::chrono::milliseconds kBackstop{1000};

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
    case CURLE_WRITE_ERROR:  // a head without end
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return ErrorCode::kProtocol;
    case CURLE_OUT_OF_MEMORY:
      return ErrorCode::kExhausted;
    default:
      return ErrorCode::kNetwork;
  }
}

bool is_refusal(long error_number) {
  return error_number == ECONNREFUSED || error_number == ENETUNREACH ||
         error_number == EHOSTUNREACH;
}

bool has_line_end(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

long in_ms(Duration time) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  return std::max(static_cast<long>(ms), 1L);
}

long in_seconds(Duration time) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(time).count();
  return std::max(static_cast<long>(seconds), 1L);
}

bool is_connected(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

template <typename T>
T info_of(CURL* handle, CURLINFO info) {
  T value{};
  curl_easy_getinfo(handle, info, &value);
  return value;
}

const char* name_of(Transfer::Phase phase) {
  switch (phase) {
    case Transfer::Phase::kQueued:
      return "wait for a connection";
    case Transfer::Phase::kDial:
      return "dial";
    case Transfer::Phase::kTls:
      return "tls handshake";
    case Transfer::Phase::kSending:
      return "send";
    case Transfer::Phase::kHeader:
      return "answer";
    case Transfer::Phase::kBody:
      return "body";
  }
  return "";
}

}  // namespace

// ---- before -----------------------------------------------------------------------------------

Result<std::unique_ptr<Transfer>> Transfer::create(const Request& request, const World& world,
                                                   SteadyTime deadline) {
  if (!request.wire.empty()) {
    return Error{ErrorCode::kInvalidArgument, "service request: raw bytes are for targets only"};
  }
  if (request.url.scheme != "http" && !request.url.is_tls()) {
    return Error{ErrorCode::kInvalidArgument, "service request: no http URL"};
  }
  auto transfer = std::make_unique<Transfer>(world);
  transfer->easy_.reset(curl_easy_init());
  if (!transfer->easy_) return Error{ErrorCode::kExhausted, "service request: out of memory"};
  transfer->url_ = request.url.to_string();
  transfer->host_ =
      fmt::format("{}://{}:{}", request.url.scheme, request.url.host, request.url.effective_port());
  transfer->max_body_ = request.max_body;
  transfer->upload_bytes_ = request.body.size();
  transfer->deadline_ = deadline;
  M8_TRY(transfer->set_headers(request));
  transfer->set_request(request);
  transfer->set_callbacks();
  transfer->set_limits();
  M8_TRY(transfer->set_route(request));
  return transfer;
}

bool Transfer::add_header(std::string_view name, std::string_view value) {
  std::string line(name);
  // libcurl's way to send a header without a value.
  line += value.empty() ? std::string(";") : ": " + std::string(value);
  curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)headers_.release();
  headers_.reset(longer);
  return true;
}

Status Transfer::set_headers(const Request& request) {
  bool added = true;
  for (const Header& header : request.headers) {
    if (!is_token(header.name) || has_line_end(header.value)) {
      return Error{ErrorCode::kInvalidArgument, "service request: bad header " + header.name};
    }
    added &= add_header(header.name, header.value);
  }
  if (find_header(request.headers, "user-agent") == nullptr) {
    const std::string& agent = world_.options.user_agent;
    added &= add_header("User-Agent", agent.empty() ? std::string("m8/") + version() : agent);
  }
  if (find_header(request.headers, "content-type") == nullptr) {
    // Without a value libcurl leaves out what it would add by itself.
    curl_slist* longer = curl_slist_append(headers_.get(), "Content-Type:");
    added &= longer != nullptr;
    if (longer != nullptr) {
      (void)headers_.release();
      headers_.reset(longer);
    }
  }
  if (!added) return Error{ErrorCode::kExhausted, "service request: out of memory"};
  curl_easy_setopt(easy(), CURLOPT_HTTPHEADER, headers_.get());
  return {};
}

void Transfer::set_request(const Request& request) {
  CURL* handle = easy();
  curl_easy_setopt(handle, CURLOPT_URL, url_.c_str());
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
  if (request.decompress && world_.options.compression)
    curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "");
  if (request.fresh_connection || !world_.options.keep_alive) {
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  }
}

void Transfer::set_callbacks() {
  CURL* handle = easy();
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body_bytes);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header_bytes);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(handle, CURLOPT_RESOLVER_START_FUNCTION, &Transfer::on_lookup);
  curl_easy_setopt(handle, CURLOPT_RESOLVER_START_DATA, this);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(handle, CURLOPT_CLOSESOCKETFUNCTION, &Transfer::on_close);
  // Outlives the transfer, as the connection does.
  curl_easy_setopt(handle, CURLOPT_CLOSESOCKETDATA, &world_.connections);
  curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, &Transfer::on_sending);
  curl_easy_setopt(handle, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
}

void Transfer::set_limits() {
  CURL* handle = easy();
  const ServiceOptions& options = world_.options;
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  // A name that is never answered must not hold up whoever cancels.
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   in_ms(options.dial_timeout + options.tls_timeout + kBackstop));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, in_ms(deadline_ - world_.clock.now() + kBackstop));
  curl_easy_setopt(handle, CURLOPT_EXPECT_100_TIMEOUT_MS, in_ms(options.expect_timeout));
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, options.tcp_keepalive.count() > 0 ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPIDLE, in_seconds(options.tcp_keepalive));
  curl_easy_setopt(handle, CURLOPT_TCP_KEEPINTVL, in_seconds(options.tcp_keepalive));
  curl_easy_setopt(handle, CURLOPT_MAXAGE_CONN, in_seconds(options.idle_timeout));
  if (options.ca_file.empty()) return;
  curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(handle, CURLOPT_PROXY_CAINFO, options.ca_file.c_str());
}

Status Transfer::set_route(const Request& request) {
  CURL* handle = easy();
  proxy_url_ = world_.options.proxies.for_url(request.url);
  // Without TLS there is no HTTP/2, and nothing to wait for.
  curl_easy_setopt(handle, CURLOPT_PIPEWAIT, request.url.is_tls() ? 1L : 0L);
  if (!proxy_url_.empty()) proxy_ = M8_TRY(Proxy::parse(proxy_url_));
  // Also when empty: otherwise libcurl reads the environment.
  curl_easy_setopt(handle, CURLOPT_PROXY, proxy_url_.c_str());
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "");
  if (proxy_) curl_easy_setopt(handle, CURLOPT_PROXYPORT, static_cast<long>(proxy_->port));
  if (!request.connect_to) return {};
  const std::string port =
      request.connect_to->port ? std::to_string(*request.connect_to->port) : std::string();
  const bool v6 = request.connect_to->host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + request.connect_to->host + "]" : request.connect_to->host;
  connect_to_.reset(curl_slist_append(nullptr, ("::" + host + ":" + port).c_str()));
  curl_easy_setopt(handle, CURLOPT_CONNECT_TO, connect_to_.get());
  return {};
}

// ---- while it runs ----------------------------------------------------------------------------

void Transfer::begin() {
  phase_began_ = world_.clock.now();
  world_.connections.change(host_, use_, ServiceConnections::Use::kWaiting);
}

void Transfer::end(CURLcode code) {
  code_ = code;
  world_.connections.change(host_, use_, ServiceConnections::Use::kNone);
}

void Transfer::enter(Phase next) {
  phase_ = next;
  phase_began_ = world_.clock.now();
}

int Transfer::on_lookup(void*, void*, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.phase_ == Phase::kQueued) transfer.enter(Phase::kDial);
  return 0;
}

/// A second address of the same name has no time of its own; a connection that replaces one that
/// broke has.
curl_socket_t Transfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  if (transfer.phase_ != Phase::kDial) transfer.enter(Phase::kDial);
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  transfer.world_.connections.opened(fd, transfer.host_);
  transfer.dialled_.push_back(fd);
  return fd;
}

int Transfer::on_close(void* connections, curl_socket_t fd) {
  static_cast<ServiceConnections*>(connections)->closed(fd);
  return ::close(fd);
}

int Transfer::on_sending(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.enter(transfer.upload_bytes_ > 0 ? Phase::kSending : Phase::kHeader);
  transfer.world_.connections.change(transfer.host_, transfer.use_, ServiceConnections::Use::kBusy);
  return CURL_PREREQFUNC_OK;
}

void Transfer::follow() {
  if (phase_ == Phase::kDial && std::any_of(dialled_.begin(), dialled_.end(), is_connected)) {
    enter(Phase::kTls);
  }
  const auto sent = info_of<curl_off_t>(easy(), CURLINFO_SIZE_UPLOAD_T);
  if (phase_ == Phase::kSending && sent >= static_cast<curl_off_t>(upload_bytes_)) {
    enter(Phase::kHeader);
  }
}

Duration Transfer::patience() const {
  switch (phase_) {
    case Phase::kDial:
      return world_.options.dial_timeout;
    case Phase::kTls:
      return world_.options.tls_timeout;
    case Phase::kHeader:
      return world_.options.header_timeout;
    case Phase::kBody:
      return world_.options.stall_timeout;
    default:
      return Duration::max();
  }
}

SteadyTime Transfer::due() const {
  const Duration limit = patience();
  return limit == Duration::max() ? deadline_ : std::min(deadline_, phase_began_ + limit);
}

bool Transfer::overdue(SteadyTime now) {
  follow();
  if (now < due()) return false;
  out_of_time_ = now >= deadline_;
  if (phase_ == Phase::kBody && !out_of_time_) {
    const auto came = info_of<curl_off_t>(easy(), CURLINFO_SIZE_DOWNLOAD_T);
    const auto wanted = static_cast<curl_off_t>(world_.options.stall_bytes);
    if (came - std::exchange(window_began_at_, came) >= wanted) {
      phase_began_ = now;
      return false;
    }
  }
  timed_out_ = true;
  return true;
}

/// False for a head without end. A status line begins the header anew: libcurl also passes on those
/// of 1xx answers.
bool Transfer::on_header(std::string_view line) {
  head_bytes_ += line.size();
  if (head_bytes_ > kMaxHead) return false;
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty() && response_.status >= 200) on_head_end();
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();
    const std::size_t space = std::min(line.find(' '), line.size() - 1);
    response_.status = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), response_.status);
    const std::size_t reason = line.find(' ', space + 1);
    response_.reason = reason == line.npos ? std::string_view() : line.substr(reason + 1);
    return true;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || phase_ == Phase::kBody) return true;
  response_.headers.push_back(
      {std::string(line.substr(0, colon)), std::string(trim_blanks(line.substr(colon + 1)))});
  return true;
}

void Transfer::on_head_end() {
  if (phase_ == Phase::kBody) return;
  enter(Phase::kBody);
  if (world_.connections.may_keep(host_)) {
    world_.connections.change(host_, use_, ServiceConnections::Use::kKeeping);
  } else {
    world_.connections.leave(host_, use_);
    curl_easy_setopt(easy(), CURLOPT_FORBID_REUSE, 1L);
  }
}

std::size_t Transfer::on_header_bytes(char* bytes, std::size_t one, std::size_t size, void* self) {
  const std::string_view line(bytes, one * size);
  return static_cast<Transfer*>(self)->on_header(line) ? line.size() : 0;
}

std::size_t Transfer::on_body_bytes(char* bytes, std::size_t one, std::size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::string& body = transfer.response_.body;
  const std::size_t room = transfer.max_body_ - body.size();
  body.append(bytes, std::min(one * size, room));
  transfer.capped_ = one * size > room;
  return transfer.capped_ ? 0 : one * size;
}

// ---- afterwards -------------------------------------------------------------------------------

ErrorCode Transfer::error_code() const {
  if (timed_out_) return ErrorCode::kTimeout;
  if (code_ == CURLE_COULDNT_CONNECT) {
    return is_refusal(info_of<long>(easy(), CURLINFO_OS_ERRNO)) ? ErrorCode::kRefused
                                                                : ErrorCode::kNetwork;
  }
  if (!proxy_) return code_of(code_);
  const long connect_status = info_of<long>(easy(), CURLINFO_HTTP_CONNECTCODE);
  const long socks = info_of<long>(easy(), CURLINFO_PROXY_ERROR);
  if (connect_status == 407 || connect_status == 403 || socks == CURLPX_NO_AUTH ||
      socks == CURLPX_USER_REJECTED || socks == CURLPX_REPLY_NOT_ALLOWED) {
    return ErrorCode::kDenied;
  }
  if (socks == CURLPX_REPLY_CONNECTION_REFUSED || socks == CURLPX_REPLY_HOST_UNREACHABLE ||
      socks == CURLPX_REPLY_NETWORK_UNREACHABLE) {
    return ErrorCode::kRefused;
  }
  return code_of(code_);
}

std::string Transfer::error_reason() const {
  if (out_of_time_) return fmt::format("out of time in \"{}\"", name_of(phase_));
  if (timed_out_ && phase_ == Phase::kBody) {
    return fmt::format("body: less than {} bytes within {} ms", world_.options.stall_bytes,
                       world_.options.stall_timeout.count());
  }
  if (timed_out_) {
    return fmt::format("{}: nothing within {} ms", name_of(phase_), in_ms(patience()));
  }
  return error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code_);
}

Error Transfer::error_of(const Request& request) const {
  const std::string way = proxy_ ? ": through proxy " + proxy_->name() : std::string();
  return {error_code(), fmt::format("service {}{}: {}", request.url.host, way, error_reason())};
}

Result<Response> Transfer::result(const Request& request) {
  if (cancelled) return Error{ErrorCode::kCancelled, "service request: cancelled"};
  if (code_ != CURLE_OK && !(capped_ && code_ == CURLE_WRITE_ERROR)) return error_of(request);
  take_facts(request);
  // Of the proxy, not of the service.
  if (proxy_ && !proxy_->is_socks() && response_.status == 407 && !request.url.is_tls()) {
    return Error{ErrorCode::kDenied,
                 fmt::format("service {}: through proxy {}: it wants another login (407)",
                             request.url.host, proxy_->name())};
  }
  return std::move(response_);
}

void Transfer::take_facts(const Request& request) {
  CURL* handle = easy();
  const long version = info_of<long>(handle, CURLINFO_HTTP_VERSION);
  const char* ip = info_of<char*>(handle, CURLINFO_PRIMARY_IP);
  response_.status = static_cast<int>(info_of<long>(handle, CURLINFO_RESPONSE_CODE));
  response_.content_length = info_of<curl_off_t>(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
  response_.version_major = version == CURL_HTTP_VERSION_2_0 ? 2 : 1;
  response_.version_minor = version == CURL_HTTP_VERSION_1_1 ? 1 : 0;
  response_.duration =
      std::chrono::microseconds(info_of<curl_off_t>(handle, CURLINFO_STARTTRANSFER_TIME_T));
  response_.body_truncated = capped_;
  response_.decompressed =
      request.decompress && find_header(response_.headers, "content-encoding") != nullptr;
  response_.url = request.url;
  if (ip != nullptr && !proxy_) response_.ip = net::IpAddress::parse(ip).value_or({});
}

}  // namespace m8::http
