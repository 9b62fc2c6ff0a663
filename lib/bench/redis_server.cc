#include "bench/redis_server.h"

#include <csignal>

#include <fmt/format.h>
#include <unistd.h>

#include "net/socket.h"

namespace m8::bench {
namespace {

constexpr auto kWait = std::chrono::seconds(20);

Result<std::uint16_t> free_port() {
  const auto any = M8_TRY(net::SocketAddress::parse("127.0.0.1", 0));
  const Fd listener = M8_TRY(net::tcp_listen(any));
  return M8_TRY(net::local_address(listener.get())).port;
}

}  // namespace

Result<RedisServer> RedisServer::start(const std::string& folder, Clock& clock, std::uint16_t port,
                                       const std::vector<std::string>& more,
                                       const std::string& program) {
  if (port == 0) port = M8_TRY(free_port());
  const std::string socket = folder + "/redis.sock";
  (void)::unlink(socket.c_str());  // of one before
  ChildOptions options;
  options.arguments = {program, "--bind",       "127.0.0.1",    "--port",      std::to_string(port),
                       "--dir", folder,         "--unixsocket", socket,        "--save",
                       "",      "--appendonly", "no",           "--daemonize", "no"};
  options.arguments.insert(options.arguments.end(), more.begin(), more.end());
  options.output = options.errors = ChildStream::file(folder + "/redis.log");
  Child child = M8_TRY(Child::start(options, clock));
  const SteadyTime until = clock.now() + kWait;
  while (::access(socket.c_str(), F_OK) != 0) {
    if (!child.running())
      return Error{ErrorCode::kInternal, "redis-server ended: see " + folder + "/redis.log"};
    if (clock.now() > until) return Error{ErrorCode::kTimeout, "redis-server does not listen"};
    (void)clock.sleep_until(clock.now() + std::chrono::milliseconds(10), {});
  }
  return RedisServer(std::move(child), folder, port);
}

RedisServer::~RedisServer() {
  if (child_.pid() > 0) kill();
}

std::string RedisServer::url() const { return fmt::format("redis://127.0.0.1:{}/0", port_); }

void RedisServer::signal(int number) const { ::kill(child_.pid(), number); }

void RedisServer::kill() {
  if (child_.pid() <= 0 || !child_.running()) return;
  signal(SIGKILL);
  (void)child_.wait(std::chrono::seconds(10));
}

}  // namespace m8::bench
