#include "net/socket.h"

#include <doctest/doctest.h>
#include <poll.h>

using namespace m8;
using namespace m8::net;

namespace {

const SocketAddress kAnyPort{IpAddress::v4(0x7f000001), 0};

void wait_writable(int fd) {
  pollfd wait{fd, POLLOUT, 0};
  REQUIRE(::poll(&wait, 1, 5000) == 1);
}

}  // namespace

TEST_CASE("net/socket: connects to a listener") {
  const auto listener = tcp_listen(kAnyPort);
  REQUIRE(listener.ok());
  const auto address = local_address(listener->get());
  REQUIRE(address.ok());
  CHECK(address->port != 0);
  const auto client = tcp_connect(*address);
  REQUIRE(client.ok());
  wait_writable(client->get());
  CHECK(connect_result(client->get(), *address).ok());
}

TEST_CASE("net/socket: a refused connection is told as such and names the peer") {
  SocketAddress gone;
  {
    const auto listener = tcp_listen(kAnyPort);
    REQUIRE(listener.ok());
    gone = *local_address(listener->get());
  }
  const auto client = tcp_connect(gone);
  Status status;
  if (client.ok()) {
    wait_writable(client->get());
    status = connect_result(client->get(), gone);
  } else {
    status = client.error();
  }
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kRefused);
  CHECK(status.error().message.find("connect to " + gone.to_string() + ": ") == 0);
}

TEST_CASE("net/socket: a taken port is kExists") {
  const auto listener = tcp_listen(kAnyPort);
  REQUIRE(listener.ok());
  const auto taken = *local_address(listener->get());
  const auto second = tcp_listen(taken);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == ErrorCode::kExists);
  CHECK(second.error().message.find("listen on " + taken.to_string() + ": ") == 0);
}

TEST_CASE("net/socket: UDP sockets bind and are non-blocking") {
  const auto socket = udp_bind(kAnyPort, 1 << 20);
  REQUIRE(socket.ok());
  CHECK(local_address(socket->get())->port != 0);
  char byte;
  CHECK(::recv(socket->get(), &byte, 1, 0) == -1);
  CHECK(errno == EAGAIN);
}

TEST_CASE("net/socket: local_address of no socket is an error") {
  CHECK_FALSE(local_address(-1).ok());
}

TEST_CASE("net/socket: the open file limit is raised to a usable number") {
  CHECK(raise_open_file_limit() >= 256);
}
