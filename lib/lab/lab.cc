#include "lab/lab.h"

#include <fmt/format.h>

#include "net/name.h"
#include "net/socket.h"

namespace m8::lab {
namespace {

const net::IpAddress kServerAddress = net::IpAddress::v4(0x7f000001);
constexpr int kPortAttempts = 5;
constexpr auto kTurn = std::chrono::milliseconds(1000);

/// The ports to try, in order. A free port on one address may be taken on another: several tries.
std::vector<std::uint16_t> candidates(std::optional<std::uint16_t> asked, std::uint16_t usual) {
  if (asked && *asked != 0) return {*asked};
  std::vector<std::uint16_t> out(kPortAttempts, 0);
  if (!asked) out.insert(out.begin(), usual);
  return out;
}

}  // namespace

Lab::Lab(net::Poller poller, Plan plan, const LabOptions& options)
    : options_(options), poller_(std::move(poller)), plan_(std::move(plan)) {}

Result<std::unique_ptr<Lab>> Lab::create(const LabOptions& options) {
  if (options.extra_hosts > kMaxExtraHosts)
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("hosts: {} is more than {}", options.extra_hosts, kMaxExtraHosts)};
  const auto apex = M8_TRY(net::Name::parse(options.apex));
  net::raise_open_file_limit();
  Plan plan = make_plan({apex.text(), kServerAddress, options.broken_hosts, options.extra_hosts,
                         options.numbered_names});
  std::unique_ptr<Lab> lab(new Lab(M8_TRY(net::Poller::create()), std::move(plan), options));
  M8_TRY(lab->listen_dns());
  M8_TRY(lab->listen_more_dns());
  M8_TRY(lab->listen_web());
  return lab;
}

std::vector<net::SocketAddress> Lab::more_resolvers() const {
  std::vector<net::SocketAddress> out;
  for (const auto& server : more_dns_) out.push_back(server->address());
  return out;
}

Status Lab::listen_more_dns() {
  for (const Faults& faults : options_.more_resolvers) {
    Status last;
    // A port that is free for TCP may be taken for UDP.
    for (int i = 0; i < kPortAttempts; ++i) {
      auto server = DnsServer::create(poller_, plan_.zone, {kServerAddress, 0}, faults);
      last = server.ok() ? Status() : Status(server.error());
      if (server.ok()) more_dns_.push_back(std::move(*server));
      if (last.ok() || last.error().code != ErrorCode::kExists) break;
    }
    M8_TRY(last);
  }
  return {};
}

Status Lab::listen_dns() {
  Status last;
  for (const auto port : candidates(options_.dns_port, kUsualDnsPort)) {
    auto server = DnsServer::create(poller_, plan_.zone, {kServerAddress, port}, options_.faults);
    if (server.ok()) {
      dns_ = std::move(*server);
      return {};
    }
    last = server.error();
    if (last.error().code != ErrorCode::kExists) break;
  }
  return last;
}

Status Lab::listen_web() {
  Status last;
  for (const auto port : candidates(options_.web_port, kUsualWebPort)) {
    last = listen_web_on(port);
    if (last.ok() || last.error().code != ErrorCode::kExists) break;
  }
  return last;
}

Status Lab::listen_web_on(std::uint16_t port) {
  web_ = std::make_unique<WebServer>(poller_, options_.faults.latency);
  web_port_ = port;
  std::size_t index = 0;
  const auto listen = [&](const Site& site) -> Status {
    const auto where = M8_TRY(web_->listen(
        {site_address(index++), web_port_},
        [&site](const WebRequest& request) { return respond(site, request); }, site.behaviour));
    web_port_ = where.port;
    return {};
  };
  for (const Site& site : sites()) M8_TRY(listen(site));
  if (options_.broken_hosts)
    for (const Site& site : broken_sites()) M8_TRY(listen(site));

  const auto body = std::make_shared<const std::string>(options_.body_bytes, 'm');
  for (std::size_t i = 0; i < options_.extra_hosts; ++i)
    M8_TRY(web_->listen({extra_host_address(i), web_port_}, [body](const WebRequest& request) {
      return respond_plain(body, request);
    }));
  return {};
}

void Lab::run(std::stop_token stop) {
  const std::stop_callback wake(stop, [this] { poller_.wake(); });
  while (!stop.stop_requested()) poller_.poll(kTurn);
}

}  // namespace m8::lab
