/// HostLookup: who needs a host name's addresses sees this; dns/ implements it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace m8::net {

class HostLookup {
 public:
  /// Where a name leads.
  struct Addresses : std::vector<IpAddress> {
    using std::vector<IpAddress>::vector;
    Addresses(std::vector<IpAddress> all) : std::vector<IpAddress>(std::move(all)) {}
    std::vector<std::string> aliases;  ///< the names on the way (CNAME), without the name itself
  };
  using Callback = std::function<void(Result<Addresses>)>;
  virtual ~HostLookup() = default;

  /// Looks \p host up and calls \p done exactly once, from any thread, possibly before returning.
  /// An address text gives itself. kNotFound: no such name or no address; kTimeout: no resolver
  /// answered; kNetwork. Never gives an empty list. Thread-safe. Answers may be cached by TTL.
  virtual void lookup(const std::string& host, Callback done) = 0;
};

}  // namespace m8::net
