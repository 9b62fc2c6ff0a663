#include "dns/server_list.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/log.h"

namespace m8::dns {
namespace {

using Servers = std::vector<Server>;

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

void add(Servers& servers, const Server& server) {
  if (std::find(servers.begin(), servers.end(), server) == servers.end()) servers.push_back(server);
}

Result<Servers> parse_list(std::string_view list) {
  Servers servers;
  for (const auto piece : split(list, ',')) {
    if (!piece.empty()) add(servers, M8_TRY(Server::parse(piece)));
  }
  return servers;
}

/// Nobody calls a file so: "999.1.1.1", "192.0.2.1:70000", "tls://".
bool looks_like_servers(std::string_view text) {
  return text.find("://") != text.npos ||
         text.find_first_not_of("0123456789abcdefABCDEF.:,[] ") == text.npos;
}

Result<Servers> parse_file(const std::string& path) {
  constexpr std::size_t kShown = 10;
  const ServerFile file = parse_servers(M8_TRY(read_file(path)));
  for (std::size_t i = 0; i < std::min(file.rubbish.size(), kShown); ++i)
    log::get("dns")->warn("not a resolver: {}:{}", path, file.rubbish[i]);
  if (file.rubbish.size() > kShown)
    log::get("dns")->warn("lines that are no resolver, in all: {} of {}", file.rubbish.size(),
                          path);
  return file.servers;
}

}  // namespace

ServerFile parse_servers(std::string_view text) {
  ServerFile file;
  std::set<std::string> seen;  // lists of resolvers are long
  int line_number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++line_number;
    // A '#' begins a comment at the start of the line or after a blank.
    const std::size_t hash = line.find('#');
    if (hash == 0 ||
        (hash != line.npos && std::isspace(static_cast<unsigned char>(line[hash - 1]))))
      line = trim(line.substr(0, hash));
    if (line.empty()) continue;
    const auto server = Server::parse(line);
    if (!server.ok()) {
      file.rubbish.push_back(fmt::format("{}: {}", line_number, line.substr(0, 80)));
    } else if (seen.insert(server->to_string()).second) {
      file.servers.push_back(*server);
    }
  }
  return file;
}

Result<Servers> read_servers(const std::string& file_or_list) {
  auto list = parse_list(file_or_list);
  if (!list.ok() && looks_like_servers(file_or_list) && !read_file(file_or_list).ok())
    return list.error().with_context("resolvers");
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
    if (ip.ok()) add(servers, net::SocketAddress{*ip, kDnsPort});
  }
  if (servers.empty())
    servers.push_back(net::SocketAddress{net::IpAddress::v4(0x7f000001), kDnsPort});
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
