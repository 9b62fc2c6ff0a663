/// /etc/hosts (hosts(5)).
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "net/address.h"

namespace m8::dns {

/// Lower-case name -> addresses, in the order of the file.
using HostsTable =
    std::unordered_map<std::string, std::vector<net::IpAddress>, SeededHash, std::equal_to<>>;

/// Reads \p path; lines that are none are passed over. A missing file is an empty table; otherwise
/// errors of read_file().
Result<HostsTable> read_hosts(const std::string& path);

}  // namespace m8::dns
