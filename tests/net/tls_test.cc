#include "net/tls.h"

#include <csignal>
#include <functional>

#include <doctest/doctest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include "net/socket.h"

using namespace m8;
using namespace m8::net;

namespace {

struct Connection {
  Fd client, server;
};

/// A connected pair of TCP sockets over loopback.
Connection connect_pair() {
  std::signal(SIGPIPE, SIG_IGN);
  const auto listener = tcp_listen({IpAddress::v4(0x7f000001), 0});
  REQUIRE(listener.ok());
  const auto address = local_address(listener->get());
  REQUIRE(address.ok());
  auto client = tcp_connect(*address);
  REQUIRE(client.ok());
  pollfd wait{listener->get(), POLLIN, 0};
  REQUIRE(::poll(&wait, 1, 5000) == 1);
  Fd server(::accept4(listener->get(), nullptr, nullptr, SOCK_NONBLOCK));
  REQUIRE(server.valid());
  return {std::move(client).value(), std::move(server)};
}

struct Streams {
  Connection connection = connect_pair();
  std::unique_ptr<TlsStream> client, server;
};

Streams make_streams(const std::string& name) {
  const auto client_context = TlsContext::target_client();
  const auto server_context = TlsContext::self_signed_server(name);
  REQUIRE(client_context.ok());
  REQUIRE(server_context.ok());
  Streams streams;
  auto client = TlsStream::client(*client_context, streams.connection.client.get(), name);
  auto server = TlsStream::server(*server_context, streams.connection.server.get());
  REQUIRE(client.ok());
  REQUIRE(server.ok());
  streams.client = std::move(client).value();
  streams.server = std::move(server).value();
  return streams;
}

void wait_for(int fd, IoState state) {
  pollfd wait{fd, static_cast<short>(state == IoState::kWantWrite ? POLLOUT : POLLIN), 0};
  REQUIRE(::poll(&wait, 1, 5000) == 1);
}

void shake_hands(Streams& streams) {
  bool client_done = false, server_done = false;
  for (int turn = 0; turn < 100'000 && !(client_done && server_done); ++turn) {
    const auto client = streams.client->handshake();
    const auto server = streams.server->handshake();
    REQUIRE(client.ok());
    REQUIRE(server.ok());
    client_done = *client == IoState::kDone;
    server_done = *server == IoState::kDone;
  }
  REQUIRE(client_done);
  REQUIRE(server_done);
}

std::string read_some(TlsStream& stream, int fd, std::size_t wanted) {
  std::string text;
  std::vector<char> buffer(4096);
  while (text.size() < wanted) {
    std::size_t done = 0;
    const auto state = stream.read(buffer, done);
    REQUIRE(state.ok());
    if (*state == IoState::kClosed) break;
    if (*state != IoState::kDone) wait_for(fd, *state);
    text.append(buffer.data(), done);
  }
  return text;
}

}  // namespace

TEST_CASE("net/tls: shakes hands and carries bytes both ways") {
  Streams streams = make_streams("lab.example");
  shake_hands(streams);
  std::size_t done = 0;
  const std::string request = "GET / HTTP/1.1\r\n\r\n";
  REQUIRE(*streams.client->write(request, done) == IoState::kDone);
  CHECK(done == request.size());
  CHECK(read_some(*streams.server, streams.connection.server.get(), request.size()) == request);
  REQUIRE(*streams.server->write(std::string_view("pong"), done) == IoState::kDone);
  CHECK(read_some(*streams.client, streams.connection.client.get(), 4) == "pong");
}

TEST_CASE("net/tls: a read without data wants to read") {
  Streams streams = make_streams("127.0.0.1");
  shake_hands(streams);
  std::vector<char> buffer(16);
  std::size_t done = 7;
  const auto state = streams.server->read(buffer, done);
  REQUIRE(state.ok());
  CHECK(*state == IoState::kWantRead);
  CHECK(done == 0);
}

TEST_CASE("net/tls: large writes are moved piece by piece") {
  Streams streams = make_streams("lab.example");
  shake_hands(streams);
  const std::string body(3'000'000, 'x');
  std::size_t sent = 0, received = 0;
  std::vector<char> buffer(65536);
  for (int turn = 0; turn < 1'000'000 && received < body.size(); ++turn) {
    std::size_t done = 0;
    if (sent < body.size()) {
      REQUIRE(streams.server->write(std::string_view(body).substr(sent), done).ok());
      sent += done;
    }
    REQUIRE(streams.client->read(buffer, done).ok());
    received += done;
  }
  CHECK(sent == body.size());
  CHECK(received == body.size());
}

TEST_CASE("net/tls: a peer that closes without a word ends the stream") {
  Streams streams = make_streams("lab.example");
  shake_hands(streams);
  streams.server.reset();
  streams.connection.server.reset();
  CHECK(read_some(*streams.client, streams.connection.client.get(), 1).empty());
}

TEST_CASE("net/tls: a server that speaks no TLS is a protocol error") {
  Streams streams = make_streams("lab.example");
  REQUIRE(*streams.client->handshake() == IoState::kWantRead);
  const std::string_view plain = "HTTP/1.1 400 Bad Request\r\n\r\n";
  REQUIRE(::send(streams.connection.server.get(), plain.data(), plain.size(), 0) > 0);
  wait_for(streams.connection.client.get(), IoState::kWantRead);
  const auto state = streams.client->handshake();
  REQUIRE_FALSE(state.ok());
  CHECK(state.error().code == ErrorCode::kProtocol);
  CHECK(state.error().message.find("tls handshake: ") == 0);
}

TEST_CASE("net/tls: a connection lost in the handshake is an error, not a crash") {
  Streams streams = make_streams("lab.example");
  REQUIRE(streams.client->handshake().ok());
  streams.connection.server.reset();
  wait_for(streams.connection.client.get(), IoState::kWantRead);
  const auto state = streams.client->handshake();
  REQUIRE_FALSE(state.ok());
  CHECK(state.error().message.find("tls handshake: ") == 0);
}

TEST_CASE("net/tls: talks to a server of the year 1999") {
  auto context = TlsContext::self_signed_server("old.example");
  REQUIRE(context.ok());
  auto* native = static_cast<SSL_CTX*>((*context)->native());
  SSL_CTX_set_security_level(native, 0);
  REQUIRE(SSL_CTX_set_min_proto_version(native, TLS1_VERSION) == 1);
  REQUIRE(SSL_CTX_set_max_proto_version(native, TLS1_VERSION) == 1);
  Streams streams = make_streams("old.example");
  streams.server = std::move(TlsStream::server(*context, streams.connection.server.get())).value();
  shake_hands(streams);
}

TEST_CASE("net/tls: a server needs a usable name") {
  CHECK_FALSE(TlsContext::self_signed_server("").ok());
  CHECK_FALSE(TlsContext::self_signed_server("a,b").ok());
  CHECK_FALSE(TlsContext::self_signed_server(std::string(65, 'a')).ok());
}
