/// The plan of the lab: every name it has, where the name leads, and what must be found there.
///
/// Built once from the sites and a list of common labels; plain values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lab/hosts.h"
#include "lab/zone.h"
#include "net/address.h"

namespace m8::lab {

struct PlannedName {
  enum class Kind {
    kSite,    ///< an address on which a site listens
    kAlias,   ///< a chain of CNAMEs that ends at a site
    kClosed,  ///< an address where nobody listens
    kDead,    ///< exists in the zone and resolves to nothing: must not be reported
  };
  std::string name;  ///< full
  Kind kind = Kind::kClosed;
  const Site* site = nullptr;  ///< kSite and kAlias; constant data
  std::string note;            ///< kDead: why
};

const char* to_string(PlannedName::Kind kind);

struct PlanOptions {
  std::string apex = "lab.test";
  net::IpAddress dns_server;
  bool broken_hosts = false;
  std::size_t extra_hosts = 0;  ///< named plain-00001.<apex> and on
  std::size_t numbered = 0;     ///< names of Zone::add_numbered(): not in the plan's list
};

struct Plan {
  Zone zone;
  /// Below the wildcard *.dev.<apex> only the names that are there by themselves.
  std::vector<PlannedName> names;
};

Plan make_plan(const PlanOptions& options);

/// One JSON line: {"name","kind","findings":[ids],"about"?,"note"?}.
std::string to_json(const PlannedName& name);

}  // namespace m8::lab
