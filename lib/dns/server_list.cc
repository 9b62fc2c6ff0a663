#include "dns/server_list.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.h"

namespace m8::dns {
namespace {

using Servers = std::vector<net::SocketAddress>;

/// The pieces of \p text between \p separator, trimmed; borrowed from it.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    pieces.push_back(trim(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return pieces;
}

void add(Servers& servers, const net::SocketAddress& server) {
  if (std::find(servers.begin(), servers.end(), server) == servers.end()) servers.push_back(server);
}

Result<Servers> parse_list(std::string_view list) {
  Servers servers;
  for (const auto piece : split(list, ',')) {
    if (!piece.empty()) add(servers, M8_TRY(net::SocketAddress::parse(piece, kDnsPort)));
  }
  return servers;
}

Result<Servers> parse_file(const std::string& path) {
  const std::string text = M8_TRY(read_file(path));
  Servers servers;
  int line_number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++line_number;
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const auto server = net::SocketAddress::parse(line, kDnsPort);
    if (!server.ok()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("{}:{}: not a resolver: {}", path, line_number, line.substr(0, 80))};
    }
    add(servers, *server);
  }
  return servers;
}

}  // namespace

Result<Servers> read_servers(const std::string& file_or_list) {
  auto list = parse_list(file_or_list);
  const Servers servers = list.ok() ? std::move(*list) : M8_TRY(parse_file(file_or_list));
  if (servers.empty()) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("resolvers: none in '{}'", file_or_list)};
  }
  return servers;
}

Result<Servers> system_servers(const std::string& path) {
  Servers servers;
  const auto text = read_file(path);
  if (!text.ok() && text.error().code != ErrorCode::kNotFound) return text.error();
  constexpr std::string_view kWord = "nameserver";
  for (std::string_view line : split(text.ok() ? std::string_view(*text) : "", '\n')) {
    if (!line.starts_with(kWord)) continue;
    line = trim(line.substr(kWord.size()));
    line = line.substr(0, line.find_first_of(" \t#;"));
    // Scoped addresses (fe80::1%eth0) and rubbish are passed over, as the C library does.
    const auto ip = net::IpAddress::parse(line);
    if (ip.ok()) add(servers, {*ip, kDnsPort});
  }
  if (servers.empty()) servers.push_back({net::IpAddress::v4(0x7f000001), kDnsPort});
  return servers;
}

std::string describe(const Servers& servers) {
  constexpr std::size_t kShown = 3;
  std::string out;
  for (std::size_t i = 0; i < std::min(servers.size(), kShown); ++i)
    out += (i > 0 ? ", " : "") + servers[i].to_string();
  if (servers.size() > kShown) out += fmt::format(" and {} more", servers.size() - kShown);
  return out;
}

}  // namespace m8::dns
