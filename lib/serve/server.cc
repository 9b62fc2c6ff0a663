#include "serve/server.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <iterator>
#include <utility>
#include <vector>

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "net/socket.h"

namespace m8::serve {

namespace {

constexpr std::size_t kStreamBlock = 2u << 10;
constexpr std::size_t kSpareTexts = 4, kSpareBytes = 1u << 20;

std::vector<std::unique_ptr<std::string>>& spare_texts() {
  thread_local std::vector<std::unique_ptr<std::string>> spare;
  return spare;
}

/// Of the request line and the header lines, about.
std::size_t head_size(const Request& request) {
  std::size_t size = request.method.size() + request.target.size() + request.version.size() + 4;
  for (const auto& [name, value] : request.headers) size += name.size() + value.size() + 4;
  return size;
}

/// Status for a head that another server, in front of this one, could have read otherwise; 0 if
/// there is but one way to read it.
int ambiguity_of(const Request& request) {
  std::size_t hosts = 0, lengths = 0, codings = 0;
  for (const auto& [name, value] : request.headers) {
    hosts += same_folded(name, "host");
    lengths += same_folded(name, "content-length");
    if (!same_folded(name, "transfer-encoding")) continue;
    ++codings;
    if (!same_folded(value, "chunked")) return 501;
  }
  const bool hostless = hosts == 0 && request.version == "HTTP/1.1";
  return hostless || hosts > 1 || lengths + codings > 1 ? 400 : 0;
}

/// The path of an absolute form: what a client writes who takes us for a proxy.
void make_origin_form(std::string& target) {
  const auto authority = target.find("://");
  if (!target.starts_with("http") || authority == target.npos) return;
  const auto end = target.find_first_of("/?", authority + 3);
  target.erase(0, std::min(end, target.size()));
  if (!target.starts_with('/')) target.insert(0, 1, '/');
}

std::int64_t due_in(std::chrono::seconds time) {
  return (SystemClock::instance().now() + time).time_since_epoch().count();
}

}  // namespace

std::string spare_text() {
  auto& spare = spare_texts();
  if (spare.empty()) return {};
  std::string text = std::move(*spare.back());
  spare.pop_back();
  text.clear();
  return text;
}

/// A client that is connected. \p due: when it has to be done with what it is at.
struct Server::Connection {
  explicit Connection(int descriptor) : fd(descriptor) {}
  const int fd;
  std::atomic<std::int64_t> due{0};  ///< of the steady clock; 0: never
  std::list<Connection>::iterator self;
};

/// A stream that is being sent.
struct Server::OpenStream {
  Server& server;
  MHD_Connection* connection;
  std::shared_ptr<Stream> stream;
};

/// One request being received.
struct Server::Pending {
  Request request;
  SteadyTime began{};
  int refusal = 0;    ///< status; 0: none
  bool seen = false;  ///< its head
};

/// What libmicrohttpd calls. Nothing may throw through it.
struct Server::Callbacks {
  using Client = Server::Connection;
  using Connection = MHD_Connection;

  static std::chrono::seconds time_for_head(const Server& server) {
    return std::max(server.options_.head_timeout, server.options_.idle_timeout);
  }

  /// A connection began or is over.
  static void connected(void* self, Connection* connection, void** client,
                        MHD_ConnectionNotificationCode what) noexcept {
    auto& server = *static_cast<Server*>(self);
    const std::lock_guard lock(server.mutex_);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
      if (*client != nullptr) server.connections_.erase(static_cast<Client*>(*client)->self);
      return;
    }
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    try {
      Client& made = server.connections_.emplace_back(info->connect_fd);
      made.self = std::prev(server.connections_.end());
      made.due = due_in(time_for_head(server));
      *client = &made;
    } catch (const std::exception&) {
      *client = nullptr;
    }
  }

  /// Gives the client of \p connection that much time from now on; 0: any.
  static void allow(Connection* connection, std::chrono::seconds time) {
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info == nullptr || info->socket_context == nullptr) return;
    static_cast<Client*>(info->socket_context)->due = time.count() == 0 ? 0 : due_in(time);
  }

  /// Before the head is parsed: the target as it was written.
  static void* begin(void*, const char* target, Connection*) noexcept {
    try {
      auto pending = std::make_unique<Pending>();
      pending->request.target = target;
      pending->began = SystemClock::instance().now();
      return pending.release();
    } catch (const std::exception&) {
      return nullptr;
    }
  }

  static void completed(void* self, Connection* connection, void** state,
                        MHD_RequestTerminationCode) noexcept {
    allow(connection, time_for_head(*static_cast<Server*>(self)));
    delete static_cast<Pending*>(*state);
    *state = nullptr;
  }

  static MHD_Result header(void* out, MHD_ValueKind, const char* name, const char* value) {
    auto& headers = *static_cast<std::vector<Header>*>(out);
    headers.emplace_back(name, value == nullptr ? "" : value);
    return MHD_YES;
  }

  static void read_head(Server& server, Connection* connection, Pending& pending,
                        std::pair<const char*, const char*> method_and_version) {
    Request& request = pending.request;
    request.method = method_and_version.first;
    request.version = method_and_version.second;
    request.tls = !server.options_.certificate.empty();
    MHD_get_connection_values(connection, MHD_HEADER_KIND, &header, &request.headers);
    const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info != nullptr && info->client_addr != nullptr) {
      const bool v6 = info->client_addr->sa_family == AF_INET6;
      sockaddr_storage storage{};
      std::memcpy(&storage, info->client_addr, v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
      request.peer = net::SocketAddress::from(storage).ip.unmapped();
    }
  }

  /// Status that the head alone has earned; 0 if none.
  static int judge_head(const ServerOptions& options, Request& request) {
    if (head_size(request) > options.max_head) return 431;
    if (!options.strict) return 0;
    make_origin_form(request.target);
    return ambiguity_of(request);
  }

  static void take_body(Server& server, Pending& pending, std::string_view bytes) {
    const ServerOptions& options = server.options_;
    if (pending.refusal != 0) return;
    if (pending.request.body.size() + bytes.size() > options.max_body) {
      pending.refusal = 413;
    } else if (SystemClock::instance().now() - pending.began > options.body_timeout) {
      pending.refusal = 408;
    } else {
      pending.request.body += bytes;
    }
    if (pending.refusal != 0) pending.request.body = {};
  }

  static ssize_t read_stream(void* state, std::uint64_t, char* out, std::size_t room) noexcept {
    auto& [server, connection, stream] = *static_cast<OpenStream*>(state);
    const std::lock_guard lock(server.mutex_);
    if (server.stopping_) return MHD_CONTENT_READER_END_OF_STREAM;
    const auto got = stream->read({out, room});
    if (!got) return MHD_CONTENT_READER_END_OF_STREAM;
    if (*got == 0) {
      server.waiting_.push_back(connection);
      MHD_suspend_connection(connection);
    }
    return static_cast<ssize_t>(*got);
  }

  static void end_stream(void* state) noexcept { delete static_cast<OpenStream*>(state); }

  /// Back to the thread's spare ones.
  static void end_body(void* state) noexcept {
    std::unique_ptr<std::string> body(static_cast<std::string*>(state));
    auto& spare = spare_texts();
    if (spare.size() < kSpareTexts && body->capacity() <= kSpareBytes)
      spare.push_back(std::move(body));
  }

  /// The body becomes the library's without a copy.
  static MHD_Response* whole(std::string&& text) {
    auto body = std::make_unique<std::string>(std::move(text));
    MHD_Response* out = MHD_create_response_from_buffer_with_free_callback_cls(
        body->size(), body->data(), &end_body, body.get());
    if (out != nullptr) (void)body.release();
    return out;
  }

  static MHD_Response* streamed(Server& server, Connection* connection,
                                std::shared_ptr<Stream>&& stream) {
    auto open = std::make_unique<OpenStream>(OpenStream{server, connection, std::move(stream)});
    MHD_Response* out = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kStreamBlock,
                                                          &read_stream, open.get(), &end_stream);
    if (out != nullptr) (void)open.release();
    return out;
  }

  static MHD_Result send(Server& server, Connection* connection, Response&& response, bool closes) {
    allow(connection, response.stream ? std::chrono::seconds(0) : server.options_.send_timeout);
    MHD_Response* out = response.stream ? streamed(server, connection, std::move(response.stream))
                                        : whole(std::move(response.body));
    if (out == nullptr) return MHD_NO;
    if (!response.content_type.empty())
      MHD_add_response_header(out, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
    for (const auto& [name, value] : response.headers)
      MHD_add_response_header(out, name.c_str(), value.c_str());
    if (closes) MHD_add_response_header(out, MHD_HTTP_HEADER_CONNECTION, "close");
    const auto sent = MHD_queue_response(connection, static_cast<unsigned>(response.status), out);
    MHD_destroy_response(out);
    return sent;
  }

  static MHD_Result answer(Server& server, Connection* connection, const Pending& pending) {
    if (pending.refusal != 0) {
      server.refused_.fetch_add(1, std::memory_order_relaxed);
      const auto& refusal = server.options_.refusal;
      Response response{pending.refusal, "refused\n"};
      if (refusal) response = refusal(pending.refusal);
      return send(server, connection, std::move(response), true);
    }
    server.requests_.fetch_add(1, std::memory_order_relaxed);
    return send(server, connection, server.routes_.answer(pending.request), false);
  }

  /// Called first with the head alone, then with pieces of the body, last with nothing.
  static MHD_Result access(Server& server, Connection* connection,
                           std::pair<const char*, const char*> method_and_version,
                           std::pair<const char*, std::size_t*> piece, void** state) noexcept {
    auto* pending = static_cast<Pending*>(*state);
    const auto [data, size] = piece;
    if (pending == nullptr) return MHD_NO;
    try {
      if (!std::exchange(pending->seen, true)) {
        read_head(server, connection, *pending, method_and_version);
        pending->refusal = judge_head(server.options_, pending->request);
        // At once: of such a request nobody knows where its body ends.
        if (pending->refusal != 0) return answer(server, connection, *pending);
        allow(connection, server.options_.body_timeout + std::chrono::seconds(1));
        return MHD_YES;
      }
      if (*size == 0) return answer(server, connection, *pending);
      take_body(server, *pending, {data, *size});
      *size = 0;
      // Who sends without end is cut off; who is only a little too long hears why.
      const bool endless = pending->refusal == 408;
      if (endless) server.refused_.fetch_add(1, std::memory_order_relaxed);
      return endless ? MHD_NO : MHD_YES;
    } catch (const std::exception& error) {
      log::get("serve")->warn("a request was dropped: {}", error.what());
      return MHD_NO;
    }
  }

  static void log_line(void*, const char* format, va_list arguments) noexcept {
    char line[256];
    std::vsnprintf(line, sizeof line, format, arguments);
    std::string_view text(line);
    while (text.ends_with('\n')) text.remove_suffix(1);
    log::get("serve")->debug("{}", text);
  }
};

Server::Server(ServerOptions options, Routes routes)
    : options_(std::move(options)), routes_(std::move(routes)) {}

Result<std::unique_ptr<Server>> Server::create(ServerOptions options, Routes routes) {
  std::unique_ptr<Server> server(new Server(std::move(options), std::move(routes)));
  M8_TRY(server->start());
  return server;
}

Status Server::start() {
  Fd socket = M8_TRY(net::tcp_listen(options_.address));
  address_ = M8_TRY(net::local_address(socket.get()));
  const bool tls = !options_.certificate.empty();
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;
  if (tls) flags |= MHD_USE_TLS;
  const unsigned threads = std::clamp(options_.threads, 1u, 64u);
  const auto pointer = [](const std::string& text) { return const_cast<char*>(text.c_str()); };
  std::vector<MHD_OptionItem> items = {
      {MHD_OPTION_LISTEN_SOCKET, socket.get(), nullptr},
      {MHD_OPTION_CONNECTION_LIMIT,
       static_cast<intptr_t>(std::max(options_.max_connections, threads)), nullptr},
      {MHD_OPTION_PER_IP_CONNECTION_LIMIT, static_cast<intptr_t>(options_.max_per_address),
       nullptr},
      // Room for a head that is too long, so that we can say so.
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<intptr_t>(options_.max_head * 3 / 2),
       nullptr},
      {MHD_OPTION_CONNECTION_TIMEOUT, static_cast<intptr_t>(options_.idle_timeout.count()),
       nullptr},
      {MHD_OPTION_STRICT_FOR_CLIENT, options_.lenient ? -1 : 0, nullptr},
  };
  if (threads > 1)
    items.push_back({MHD_OPTION_THREAD_POOL_SIZE, static_cast<intptr_t>(threads), nullptr});
  if (tls) {
    items.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, pointer(options_.certificate)});
    items.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, pointer(options_.key)});
  }
  items.push_back({MHD_OPTION_END, 0, nullptr});
  const MHD_AccessHandlerCallback access =
      [](void* self, MHD_Connection* connection, const char*, const char* method,
         const char* version, const char* data, std::size_t* size, void** state) noexcept {
        return Callbacks::access(*static_cast<Server*>(self), connection, {method, version},
                                 {data, size}, state);
      };
  // The logger first: the others may have something to say.
  daemon_ = MHD_start_daemon(
      flags, 0, nullptr, nullptr, access, this, MHD_OPTION_EXTERNAL_LOGGER, &Callbacks::log_line,
      nullptr, MHD_OPTION_URI_LOG_CALLBACK, &Callbacks::begin, this, MHD_OPTION_NOTIFY_COMPLETED,
      &Callbacks::completed, this, MHD_OPTION_NOTIFY_CONNECTION, &Callbacks::connected, this,
      MHD_OPTION_ARRAY, items.data(), MHD_OPTION_END);
  if (daemon_ == nullptr)
    return Error{tls ? ErrorCode::kInvalidArgument : ErrorCode::kExhausted,
                 tls ? "https: the certificate or its key can't be used"
                     : "http: the server could not be started"};
  (void)socket.release();  // the daemon's now
  reaper_ = std::jthread([this](const std::stop_token& stop) { reap(stop); });
  return {};
}

/// Idle time alone would let a client take a byte's time for ever.
void Server::reap(const std::stop_token& stop) {
  Clock& clock = SystemClock::instance();
  while (clock.sleep_until(clock.now() + std::chrono::seconds(1), stop)) {
    const std::int64_t now = clock.now().time_since_epoch().count();
    const std::lock_guard lock(mutex_);
    for (Connection& connection : connections_) {
      const std::int64_t due = connection.due;
      if (due == 0 || due > now) continue;
      ::shutdown(connection.fd, SHUT_RDWR);
      connection.due = 0;
      refused_.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

void Server::wake() {
  const std::lock_guard lock(mutex_);
  for (void* connection : waiting_) MHD_resume_connection(static_cast<MHD_Connection*>(connection));
  waiting_.clear();
}

Server::~Server() { stop(); }

void Server::stop() {
  if (daemon_ == nullptr) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  reaper_ = {};
  MHD_stop_daemon(static_cast<MHD_Daemon*>(std::exchange(daemon_, nullptr)));
}

Server::Counters Server::counters() const {
  const std::lock_guard lock(mutex_);
  return {requests_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed),
          connections_.size(), waiting_.size()};
}

}  // namespace m8::serve
