/// Lists of resolvers: what -r takes, and /etc/resolv.conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/server.h"

namespace m8::dns {

/// What a file of resolvers says.
struct ServerFile {
  std::vector<Server> servers;  ///< once each, in order
  /// Lines that are none: "12: nonsense", cut off at 80 characters.
  std::vector<std::string> rubbish;
};

/// One resolver a line (Server::parse()), '#' comments, blank lines.
ServerFile parse_servers(std::string_view text);

/// `FILE` or a list of resolvers separated by commas, as given to -r. Text that parses as resolvers
/// is resolvers, anything else a file; its rubbish lines are logged and passed over.
/// kInvalidArgument for an empty list and for what looks like an address but is none;
/// read_file()'s.
Result<std::vector<Server>> read_servers(const std::string& file_or_list);

/// The `nameserver` lines of a resolv.conf(5) at \p path, port 53; 127.0.0.1 if there are none, as
/// the C library does. read_file()'s errors except kNotFound, which means none too.
Result<std::vector<Server>> system_servers(const std::string& path);

/// Several in one line, for messages: "1.1.1.1:53, 9.9.9.9:53 and 3 more".
std::string describe(const std::vector<Server>& servers);

}  // namespace m8::dns
