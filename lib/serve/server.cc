#include "serve/server.h"

#include <algorithm>
#include <cstring>
#include <exception>
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

/// One request being received.
struct Server::Pending {
  Request request;
  SteadyTime began{};
  int refusal = 0;    ///< status; 0: none
  bool seen = false;  ///< its head
};

/// What libmicrohttpd calls. Nothing may throw through it.
struct Server::Callbacks {
  using Connection = MHD_Connection;

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

  static void completed(void*, Connection*, void** state, MHD_RequestTerminationCode) noexcept {
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

  static MHD_Result send(Connection* connection, const Response& response, bool closes) {
    MHD_Response* out = MHD_create_response_from_buffer(
        response.body.size(), const_cast<char*>(response.body.data()), MHD_RESPMEM_MUST_COPY);
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
      return send(connection, {pending.refusal, "refused\n"}, true);
    }
    server.requests_.fetch_add(1, std::memory_order_relaxed);
    return send(connection, server.routes_.answer(pending.request), false);
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
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG;
  if (tls) flags |= MHD_USE_TLS;
  const unsigned threads = std::clamp(options_.threads, 1u, 64u);
  const auto pointer = [](const std::string& text) { return const_cast<char*>(text.c_str()); };
  std::vector<MHD_OptionItem> items = {
      {MHD_OPTION_LISTEN_SOCKET, socket.get(), nullptr},
      {MHD_OPTION_CONNECTION_LIMIT,
       static_cast<intptr_t>(std::max(options_.max_connections, threads)), nullptr},
      {MHD_OPTION_PER_IP_CONNECTION_LIMIT, static_cast<intptr_t>(options_.max_per_address),
       nullptr},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<intptr_t>(options_.max_head), nullptr},
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
      &Callbacks::completed, nullptr, MHD_OPTION_ARRAY, items.data(), MHD_OPTION_END);
  if (daemon_ == nullptr)
    return Error{tls ? ErrorCode::kInvalidArgument : ErrorCode::kExhausted,
                 tls ? "https: the certificate or its key can't be used"
                     : "http: the server could not be started"};
  (void)socket.release();  // the daemon's now
  return {};
}

Server::~Server() { stop(); }

void Server::stop() {
  if (daemon_ != nullptr)
    MHD_stop_daemon(static_cast<MHD_Daemon*>(std::exchange(daemon_, nullptr)));
}

Server::Counters Server::counters() const {
  return {requests_.load(std::memory_order_relaxed), refused_.load(std::memory_order_relaxed)};
}

}  // namespace m8::serve
