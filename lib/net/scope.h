/// Scope: which names, addresses and URLs may be contacted.
///
/// Rules, one per entry: a domain (covers itself and everything below it), an address, a CIDR, a
/// URL prefix (scheme://host[:port][/path]). Exclusions go before inclusions. Without any inclusion
/// everything that is not excluded is inside. Immutable after building; thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address.h"
#include "net/url.h"

namespace m8::net {

class Scope {
 public:
  Scope() = default;  ///< allows everything
  Scope(Scope&& other) noexcept;
  Scope& operator=(Scope&& other) noexcept;

  /// Adds an inclusion. kInvalidArgument if \p rule is none of the four kinds.
  Status include(std::string_view rule);
  /// Adds an exclusion.
  Status exclude(std::string_view rule);
  /// Reads inclusions, one a line; '#' comments; a leading '!' excludes. Errors name file and line.
  Status load(const std::string& path);

  /// Host name or address text.
  bool allows_host(std::string_view host) const;
  bool allows_address(const IpAddress& ip) const;
  bool allows_url(const Url& url) const;
  bool restricts() const { return !includes_.empty(); }
  /// How often an allows_...() said no.
  std::uint64_t refusals() const { return refusals_.load(std::memory_order_relaxed); }

 private:
  struct Rule {
    enum class Kind { kDomain, kCidr, kUrl } kind = Kind::kDomain;
    std::string text;  ///< domain, or URL prefix path
    Cidr cidr;
    Url url;
  };
  static Result<Rule> parse_rule(std::string_view text);
  static bool matches_host(const Rule& rule, std::string_view host);
  bool verdict(bool excluded, bool included) const;

  std::vector<Rule> includes_;
  std::vector<Rule> excludes_;
  mutable std::atomic<std::uint64_t> refusals_{0};
};

}  // namespace m8::net
