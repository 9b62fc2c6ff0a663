#include "bench/nsd.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include "base/file.h"
#include "dns/wire.h"
#include "net/socket.h"

namespace m8::bench {
namespace {

/// Whether \p server answers a question for \p apex.
bool answers(const net::SocketAddress& server, const std::string& apex) {
  const auto fd = net::udp_bind({net::IpAddress::v4(0x7f000001), 0}, 65536);
  if (!fd.ok()) return false;
  sockaddr_storage storage{};
  const socklen_t size = server.to(storage);
  timeval wait{0, 200'000};
  (void)::setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  std::array<std::byte, 512> buffer;
  const std::size_t length = dns::write_query(buffer, apex, {.id = 1, .type = dns::RrType::kSoa});
  (void)::sendto(fd->get(), buffer.data(), length, 0, reinterpret_cast<const sockaddr*>(&storage),
                 size);
  // The socket is non-blocking: wait for it by hand.
  for (int i = 0; i < 20; ++i) {
    if (::recv(fd->get(), buffer.data(), buffer.size(), 0) > 0)
      return (buffer[3] & std::byte{0x0f}) == std::byte{0};
    timespec pause{0, 10'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return false;
}

}  // namespace

std::string zone_head(const std::string& apex) {
  return fmt::format(
      "$ORIGIN {}.\n$TTL 300\n@ IN SOA ns1 admin 1 3600 600 86400 60\n@ IN NS ns1\n"
      "ns1 IN A 127.0.0.1\n",
      apex);
}

Result<Nsd> start_nsd(const Context& context,
                      const std::vector<std::pair<std::string, std::string>>& zones) {
  const std::string nsd = M8_TRY(context.peer_program("nsd", "nsd"));
  const std::string& directory = context.temp_directory;
  Fd probe = M8_TRY(net::udp_bind({net::IpAddress::v4(0x7f000001), 0}, 4096));
  const auto at = M8_TRY(net::local_address(probe.get()));
  probe = Fd();  // the port is NSD's now
  std::string config = fmt::format(
      "server:\n  ip-address: {}@{}\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n"
      "  zonesdir: \"{}\"\n  pidfile: \"{}/nsd.pid\"\n  xfrdfile: \"{}/xfrd.state\"\n"
      "  zonelistfile: \"{}/zone.list\"\n  database: \"\"\n  rrl-ratelimit: 0\n"
      "remote-control:\n  control-enable: no\n",
      at.ip.to_string(), at.port, directory, directory, directory, directory);
  for (const auto& [apex, text] : zones) {
    config += fmt::format("zone:\n  name: {0}\n  zonefile: {0}.zone\n", apex);
    M8_TRY(write_file_atomically(fmt::format("{}/{}.zone", directory, apex), text));
  }
  M8_TRY(write_file_atomically(directory + "/nsd.conf", config));
  Nsd started{at, M8_TRY(Child::start({{nsd, "-d", "-c", directory + "/nsd.conf"},
                                       {},
                                       ChildStream::file(directory + "/nsd.log"),
                                       ChildStream::file(directory + "/nsd.log")},
                                      context.clock))};
  for (int i = 0; i < 300 && !context.stop.stop_requested(); ++i) {
    if (answers(at, zones.back().first)) return started;
  }
  return Error{ErrorCode::kTimeout, "bench: NSD does not answer"};
}

}  // namespace m8::bench
