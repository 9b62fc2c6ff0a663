#include "serve/server.h"

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.h"

using namespace m8;
using namespace m8::serve;

namespace {

/// A blocking connection that sends bytes as they are.
class Client {
 public:
  explicit Client(const net::SocketAddress& to) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_storage storage{};
    const socklen_t size = to.to(storage);
    const timeval limit{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    REQUIRE(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&storage), size) == 0);
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// All bytes until the server closes, or until \p end has come.
  std::string receive(std::string_view end = {}) {
    std::string out;
    char buffer[4096];
    while (end.empty() || out.find(end) == std::string::npos) {
      const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) break;
      out.append(buffer, static_cast<std::size_t>(got));
    }
    return out;
  }

 private:
  Fd socket_;
};

std::unique_ptr<Server> start(Routes routes, ServerOptions options = {}) {
  options.address = {net::IpAddress::v4(0x7f000001), 0};
  auto server = Server::create(options, std::move(routes));
  REQUIRE(server.ok());
  return std::move(*server);
}

/// Writes down what it was asked.
Routes echo() {
  Routes routes;
  routes.otherwise([](const Request& request) {
    std::string out = request.method + " " + request.target + " " + request.version + "\n";
    for (const auto& [name, value] : request.headers) out += name + "=" + value + "\n";
    return Response{200, out + request.peer.to_string() + "\n" + request.body + "<end>"};
  });
  return routes;
}

}  // namespace

TEST_CASE("serve/server: a handler sees the request as it was written") {
  const auto server = start(echo());
  Client client(server->address());
  client.send("POST /a%2fb?x=%20&y HTTP/1.1\r\nHost: h\r\nX-a:  v\r\nContent-Length: 3\r\n\r\nabc");
  const std::string answer = client.receive("<end>");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.find("POST /a%2fb?x=%20&y HTTP/1.1\nHost=h\nX-a=v\n") != std::string::npos);
  CHECK(answer.find("127.0.0.1\nabc<end>") != std::string::npos);
  client.send("GET /again HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.receive("<end>").find("GET /again") != std::string::npos);
  CHECK(server->counters().requests == 2);
}

TEST_CASE("serve/server: what is too large is refused") {
  ServerOptions options;
  options.max_body = 1000;
  options.max_head = 4096;
  const auto server = start(echo(), options);
  {
    Client client(server->address());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n" +
                std::string(5000, 'x'));
    CHECK(client.receive().starts_with("HTTP/1.1 413 "));
  }
  {
    Client client(server->address());
    client.send("GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + std::string(10'000, 'x') + "\r\n\r\n");
    CHECK(client.receive().starts_with("HTTP/1.1 431 "));
  }
  {
    Client client(server->address());
    client.send("\x01\x02 what is this\r\n\r\n");
    CHECK(client.receive().find("200 OK") == std::string::npos);
  }
  Client client(server->address());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(client.receive().starts_with("HTTP/1.1 200 OK"));
}

TEST_CASE("serve/server: a strict one takes no request that can be read in two ways") {
  ServerOptions options;
  options.strict = true;
  options.max_head = 4096;
  options.refusal = [](int status) {
    return json_response(status, "error", "refused with " + std::to_string(status));
  };
  const auto server = start(echo(), options);
  struct Row {
    std::string head;
    int status;
  };
  const std::string long_line = "X-Long: " + std::string(4500, 'x') + "\r\n";
  const Row rows[] = {
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n", 200},
      {"POST / HTTP/1.1\r\nContent-Length: 0\r\n", 400},
      {"POST / HTTP/1.0\r\nContent-Length: 0\r\n", 200},
      {"POST / HTTP/1.1\r\nHost: h\r\nHOST: g\r\nContent-Length: 0\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-length: 0\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\nContent-Length: 0\r\n", 501},
      {"GET / HTTP/1.1\r\nHost: h\r\n" + long_line, 431},
      {"GET /" + std::string(4500, 'y') + " HTTP/1.1\r\nHost: h\r\n", 431},
  };
  for (const Row& row : rows) {
    CAPTURE(row.head.substr(0, 200));
    Client client(server->address());
    client.send(row.head + "Connection: close\r\n\r\n");
    const std::string answer = client.receive();
    CHECK(answer.starts_with("HTTP/1.1 " + std::to_string(row.status) + " "));
    if (row.status != 200)
      CHECK(answer.ends_with("{\"error\":\"refused with " + std::to_string(row.status) + "\"}"));
  }
  Client both(server->address());
  both.send(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
      "Content-Length: 4\r\n\r\n0\r\n\r\n");
  CHECK(both.receive().starts_with("HTTP/1.1 400 "));
  for (const char* target : {"http://h:80/a?b", "https://h/a?b", "/a?b"}) {
    CAPTURE(target);
    Client client(server->address());
    client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(client.receive("<end>").find("GET /a?b HTTP/1.1") != std::string::npos);
  }
}

TEST_CASE("serve/server: a slow body is given up") {
  ServerOptions options;
  options.body_timeout = std::chrono::seconds(0);
  const auto server = start(echo(), options);
  Client client(server->address());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx");
  CHECK(client.receive().find("200 OK") == std::string::npos);
  CHECK(server->counters().refused == 1);
}

TEST_CASE("serve/server: one address gets so many connections") {
  ServerOptions options;
  options.threads = 1;
  options.max_per_address = 2;
  const auto server = start(echo(), options);
  std::vector<Client> held;
  held.reserve(2);
  for (int i = 0; i < 2; ++i) {
    held.emplace_back(server->address());
    held.back().send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(held.back().receive("<end>").find("200 OK") != std::string::npos);
  }
  Client more(server->address());
  more.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(more.receive("<end>").empty());
}

TEST_CASE("serve/server: many clients at once, and an end while they ask") {
  std::atomic<int> handled{0};
  Routes routes;
  routes.add("GET", "/", [&handled](const Request&) {
    ++handled;
    return Response{200, "ok<end>"};
  });
  auto server = start(std::move(routes));
  std::vector<std::jthread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&] {
      Client client(server->address());
      for (int n = 0; n < 50; ++n) {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        if (client.receive("<end>").find("200 OK") != std::string::npos) ++good;
      }
    });
  clients.clear();
  CHECK(good == 400);
  CHECK(handled == 400);
  server->stop();
  server->stop();
}

TEST_CASE("serve/server: a head that never ends is given up") {
  ServerOptions options;
  options.head_timeout = options.idle_timeout = std::chrono::seconds(1);
  const auto server = start(echo(), options);
  Client client(server->address());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX-");
  // Never idle, never done.
  std::atomic<bool> closed{false};
  std::jthread drip([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && client.send("a"))
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    closed = true;
  });
  CHECK(client.receive().find("200 OK") == std::string::npos);
  drip.request_stop();
  drip.join();
  CHECK(closed);
}

namespace {

/// Says a number whenever there is a new one; 0 is the end.
class Numbers final : public Stream {
 public:
  explicit Numbers(std::atomic<int>& number) : number_(number) {}
  std::optional<std::size_t> read(std::span<char> out) override {
    const int now = number_;
    if (now == 0) return std::nullopt;
    if (now == said_) return 0;
    said_ = now;
    const std::string text = "n" + std::to_string(now) + ";";
    text.copy(out.data(), out.size());
    return text.size();
  }

 private:
  std::atomic<int>& number_;
  int said_ = -1;
};

}  // namespace

TEST_CASE("serve/server: streams say what there is, when there is something") {
  std::atomic<int> number{1};
  Routes routes;
  routes.add("GET", "/numbers", [&number](const Request&) {
    Response response;
    response.stream = std::make_shared<Numbers>(number);
    return response;
  });
  routes.add("GET", "/", [](const Request&) { return Response{200, "ok<end>"}; });
  ServerOptions options;
  options.threads = 1;
  options.max_per_address = 0;
  auto server = start(std::move(routes), options);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>(server->address()));
    clients.back()->send("GET /numbers HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(clients.back()->receive("n1;").find("n1;") != std::string::npos);
  }
  // The one thread is free for others meanwhile.
  Client other(server->address());
  other.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(other.receive("<end>").find("200 OK") != std::string::npos);
  for (const int next : {2, 3}) {
    number = next;
    server->wake();
    const std::string wanted = "n" + std::to_string(next) + ";";
    for (auto& client : clients) CHECK(client->receive(wanted).find(wanted) != std::string::npos);
  }
  SUBCASE("and end by themselves") {
    number = 0;
    server->wake();
    for (auto& client : clients) CHECK(client->receive("0\r\n\r\n").ends_with("0\r\n\r\n"));
  }
  SUBCASE("and with the server") {
    server->stop();
    for (auto& client : clients) client->receive();
  }
}

TEST_CASE("serve/server: says why it can't begin") {
  const auto server = start(echo());
  ServerOptions options;
  options.address = server->address();
  CHECK(Server::create(options, echo()).error().code == ErrorCode::kExists);
  options.address.port = 0;
  options.certificate = options.key = "no certificate";
  CHECK(Server::create(options, echo()).error().code == ErrorCode::kInvalidArgument);
}
