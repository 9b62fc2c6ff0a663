/// Scope: which names, addresses and URLs may be contacted.
///
/// Rules, one per entry: a domain (covers itself and everything below it), an address, a CIDR, a
/// URL prefix (scheme://host[:port][/path], whole path segments). Exclusions go before inclusions.
/// Without any inclusion everything that is not excluded is inside. Immutable after building;
/// thread-safe. A question costs O(labels), plus the distinct prefix lengths or the URL rules.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
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

  /// Host name or address text; what is neither is refused as soon as there is a rule. A URL rule
  /// includes its host; it never excludes it.
  bool allows_host(std::string_view host) const;
  /// An address given as a target: it must be included itself.
  bool allows_address(const IpAddress& ip) const;
  /// An address that an allowed name led to: only exclusions are asked.
  bool allows_resolved(const IpAddress& ip) const;
  /// A name that an allowed name is an alias of: only exclusions are asked.
  bool allows_alias(std::string_view host) const;
  /// Paths are compared as a server may understand them: percent-decoded, without "..".
  bool allows_url(const Url& url) const;
  bool restricts() const { return !includes_.empty(); }
  /// How often an allows_...() said no.
  std::uint64_t refusals() const { return refusals_.load(std::memory_order_relaxed); }

 private:
  struct Rules {
    std::unordered_set<std::string, SeededHash, std::equal_to<>> domains;
    std::map<int, std::unordered_set<IpAddress>> ranges;  ///< by prefix length: base addresses
    std::vector<Url> urls;                                ///< host and path in comparable form

    Status add(std::string_view rule);
    bool empty() const { return domains.empty() && ranges.empty() && urls.empty(); }
    bool has_name(std::string_view name) const;
    bool has_address(const IpAddress& ip) const;
    /// \p host: name or address text in comparable form.
    bool has_host(std::string_view host) const;
    bool has_url(const Url& url) const;
  };
  bool verdict(bool excluded, bool included) const;

  Rules includes_;
  Rules excludes_;
  mutable std::atomic<std::uint64_t> refusals_{0};
};

}  // namespace m8::net
