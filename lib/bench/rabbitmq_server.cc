#include "bench/rabbitmq_server.h"

#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "net/socket.h"
#include "queue/registry.h"

namespace m8::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUp{60'000}, kDown{30'000}, kControl{60'000};
constexpr const char* kPrograms = "/usr/lib/rabbitmq/bin";  // the wrappers of PATH change the user

Result<std::uint16_t> free_port() {
  const Fd fd = M8_TRY(net::tcp_listen({net::IpAddress::v4(0x7f000001), 0}));
  return M8_TRY(net::local_address(fd.get())).port;
}

}  // namespace

std::string RabbitServer::url() const {
  return fmt::format("amqp://guest:guest@127.0.0.1:{}", port_);
}

Status RabbitServer::pick_ports() {
  for (std::uint16_t* port : {&port_, &distribution_port_, &epmd_port_})
    *port = M8_TRY(free_port());
  return {};
}

/// \p command with what tells RabbitMQ's programs where everything is. As under systemd the shell
/// script becomes the node itself, so that a signal reaches it.
std::vector<std::string> RabbitServer::in_its_world(std::vector<std::string> command) const {
  std::vector<std::string> out = {
      "env",
      "HOME=" + folder_,
      fmt::format("ERL_EPMD_PORT={}", epmd_port_),
      "ERL_EPMD_ADDRESS=127.0.0.1",
      fmt::format("RABBITMQ_NODENAME=m8-{}@localhost", port_),
      fmt::format("RABBITMQ_NODE_PORT={}", port_),
      "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
      fmt::format("RABBITMQ_DIST_PORT={}", distribution_port_),
      "RABBITMQ_MNESIA_BASE=" + folder_ + "/data",
      "RABBITMQ_LOG_BASE=" + folder_ + "/log",
      "RABBITMQ_PID_FILE=" + folder_ + "/pid",
      "RABBITMQ_ENABLED_PLUGINS_FILE=" + folder_ + "/plugins",
      "RABBITMQ_CONFIG_FILE=" + folder_ + "/rabbitmq",
      "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
      "RUNNING_UNDER_SYSTEMD=true",
  };
  out.insert(out.end(), std::make_move_iterator(command.begin()),
             std::make_move_iterator(command.end()));
  return out;
}

Result<RabbitServer> RabbitServer::start(const std::string& folder, const std::string& config,
                                         Clock& clock, std::stop_token stop) {
  if (!find_program(std::string(kPrograms) + "/rabbitmq-server", "").ok())
    return Error{ErrorCode::kNotFound, "no RabbitMQ server here: apt install rabbitmq-server"};
  RabbitServer server(folder, clock);
  M8_TRY(server.pick_ports());
  M8_TRY(write_file_atomically(folder + "/plugins", "[].\n"));
  M8_TRY(write_file_atomically(folder + "/rabbitmq.conf", config + "\n"));
  const std::string log = folder + "/epmd.log";
  server.epmd_.push_back(M8_TRY(Child::start(
      {{"epmd", "-address", "127.0.0.1", "-port", fmt::format("{}", server.epmd_port_)},
       {},
       ChildStream::file(log),
       ChildStream::file(log)},
      clock)));
  M8_TRY(server.begin(stop));
  return server;
}

Status RabbitServer::begin(std::stop_token stop) {
  const std::string log = folder_ + "/node.log";
  node_.push_back(M8_TRY(Child::start({in_its_world({std::string(kPrograms) + "/rabbitmq-server"}),
                                       {},
                                       ChildStream::file(log),
                                       ChildStream::file(log)},
                                      *clock_)));
  for (const SteadyTime end = clock_->now() + kUp;;) {
    auto opened = queue::open_broker(url(), {}, *clock_, stop);
    if (opened.ok()) return {};
    if (!node_.back().running() || clock_->now() > end)
      return opened.error().with_context("RabbitMQ does not start");
    if (!clock_->sleep_until(clock_->now() + milliseconds(100), stop))
      return Error{ErrorCode::kCancelled, "stopped"};
  }
}

Status RabbitServer::kill() {
  node_.back().signal(SIGKILL);
  M8_TRY(node_.back().wait(kDown));
  node_.clear();
  return {};
}

Status RabbitServer::stop() {
  M8_TRY(node_.back().stop(kDown));
  node_.clear();
  return {};
}

Status RabbitServer::start_again(std::stop_token stop) { return begin(stop); }

Status RabbitServer::control(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {std::string(kPrograms) + "/rabbitmqctl"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const std::string log = folder_ + "/control.log";
  const auto usage =
      M8_TRY(run_child({in_its_world(command), {}, ChildStream::file(log), ChildStream::file(log)},
                       kControl, *clock_));
  if (usage.exit_code == 0) return {};
  return Error{ErrorCode::kInternal,
               "rabbitmqctl: " + read_file(log, 1u << 16).value_or(std::string("no word"))};
}

}  // namespace m8::bench
