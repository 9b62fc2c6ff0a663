/// CdnTable: who answers for an address, by address range.
///
/// Immutable once made; threads share it. A look-up is a binary search.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace m8::probe {

class CdnTable {
 public:
  struct Entry {
    std::string name;  ///< "cloudflare"
    std::string type;  ///< "cdn", "waf" or "cloud"
  };

  /// The ranges of a few that publish them, as of 2025.
  static CdnTable builtin();
  /// Reads {"cdn": {NAME: [CIDR, ...]}, "waf": ..., "cloud": ...}. Errors of reading;
  /// kInvalidArgument with the path. Ranges that are none are left out and counted in skipped().
  static Result<CdnTable> load(const std::string& path);
  static Result<CdnTable> parse(std::string_view json);

  /// Who has \p ip; null for nobody known. Where ranges lie in each other the narrowest wins, a CDN
  /// before a WAF before a cloud if they are the same.
  const Entry* find(const net::IpAddress& ip) const;
  std::size_t skipped() const { return skipped_; }

 private:
  using Key = std::array<std::uint8_t, 16>;
  struct Range {
    Key first, last;
    std::size_t entry = 0;
    int width = 0;           ///< prefix length
    std::size_t parent = 0;  ///< 1 + index of the range around it; 0 = none
  };
  void add(std::string_view cidr, std::size_t entry);
  void finish();

  std::vector<Entry> entries_;
  std::vector<Range> ranges_;  ///< by first, wider before narrower
  std::size_t skipped_ = 0;
};

}  // namespace m8::probe
