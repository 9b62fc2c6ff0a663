/// One target as a line of input names it: plain, or a JSON line of asmm8, subfinder, dnsx, httpx
/// or naabu (cli.md, Manners; cli-and-output 2.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address.h"
#include "net/url.h"

namespace m8::model {

struct TargetSpec {
  enum class Kind {
    kUrl,   ///< scheme://...: scanned where it says
    kHost,  ///< host[:port][/path] without scheme: probed first
    kRange  ///< CIDR or FIRST-LAST: each address is a bare host
  };
  Kind kind = Kind::kHost;
  std::string input;            ///< the text that names the target
  net::Url url;                 ///< kUrl, kHost (scheme empty)
  net::Cidr range;              ///< kRange: a CIDR, or the address that a range begins with
  std::uint64_t addresses = 0;  ///< kRange: how many, from range's base on

  /// REQUIRES: kRange, \p index < addresses.
  net::IpAddress address(std::uint64_t index) const;
};

/// Parses a plain target. kInvalidArgument "not a target: ..." with the reason (empty, a name over
/// 253 bytes, bad port, control characters); kUnsupported for schemes other than http and https and
/// for AS numbers.
Result<TargetSpec> parse_target(std::string_view text);

/// Parses a line: a JSON object (its url, else hostname or host with port, else input or ip), else
/// a plain target. Also kNotFound for a record that says that the name has no address.
Result<TargetSpec> parse_target_line(std::string_view line);

}  // namespace m8::model
