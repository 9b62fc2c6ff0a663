/// What an interaction server answers to DNS queries, and how it writes them down.
///
/// Authoritative for one domain: every name in it has the server's own addresses, and mail for it
/// goes there. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "dns/message.h"
#include "net/address.h"

namespace m8::oob {

struct DnsZone {
  std::string domain;                     ///< lower case, no final dot
  std::vector<net::IpAddress> addresses;  ///< what every name has; at least one
};

/// The answer to \p query: REFUSED outside the domain, NODATA with the SOA for types that there
/// are none of, FORMERR unless there is exactly one question.
dns::Message answer(const DnsZone& zone, const dns::Message& query);

/// True if \p name is the domain or below it.
bool is_within(const DnsZone& zone, const std::string& name);

/// The message in the text form that the field's tools print: header, sections, one record a line.
std::string to_text(const dns::Message& message);

}  // namespace m8::oob
