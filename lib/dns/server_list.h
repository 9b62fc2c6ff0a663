/// Lists of resolvers: what -r takes, and /etc/resolv.conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace m8::dns {

inline constexpr std::uint16_t kDnsPort = 53;

/// `FILE` or `IP[:PORT],...` as given to -r; a file has one resolver a line, '#' comments, blank
/// lines. Text that parses as addresses is addresses, anything else a file. Duplicates are dropped.
/// kInvalidArgument naming file, line and text; kInvalidArgument for an empty list; read_file()'s.
Result<std::vector<net::SocketAddress>> read_servers(const std::string& file_or_list);

/// The `nameserver` lines of a resolv.conf(5) at \p path, port 53; 127.0.0.1 if there are none, as
/// the C library does. read_file()'s errors except kNotFound, which means none too.
Result<std::vector<net::SocketAddress>> system_servers(const std::string& path);

/// Several in one line, for messages: "1.1.1.1:53, 9.9.9.9:53 and 3 more".
std::string describe(const std::vector<net::SocketAddress>& servers);

}  // namespace m8::dns
