/// Zone: an authoritative DNS zone in memory (RFC 1034 4.3.2, wildcards RFC 4592).
///
/// Built by one thread, then immutable: answer() may be called by any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dns/message.h"
#include "net/address.h"

namespace m8::lab {

class Zone {
 public:
  /// A zone with an SOA and one name server, ns1.\p apex, at \p server.
  Zone(std::string apex, const net::IpAddress& server);

  const std::string& apex() const { return apex_; }
  /// "www" -> "www.<apex>"; "" and "@" -> the apex.
  std::string full_name(std::string_view label) const;

  /// \p label is relative to the apex and may begin with "*.".
  void add_address(std::string_view label, const net::IpAddress& ip);
  /// \p target is a full name.
  void add_alias(std::string_view label, std::string target);
  void add(std::string_view label, dns::RrType type, dns::Rdata data);
  /// The first \p count names of numbered_label(), each with its numbered_address().
  void add_numbered(std::size_t count) { numbered_ = count; }
  /// Every question for this name is answered SERVFAIL.
  void add_failure(std::string_view label);

  /// The whole answer: CNAMEs followed inside the zone (at most 16), SOA with NODATA and NXDOMAIN,
  /// REFUSED outside the zone, NOTIMP for other opcodes, FORMERR without exactly one question.
  dns::Message answer(const dns::Message& query) const;

 private:
  /// Records of one name; empty for a name that only has names below it.
  using Node = std::vector<dns::Record>;

  const Node* find(const std::string& name) const;
  const Node* find_wildcard(const std::string& name) const;
  bool follow(const dns::Question& question, dns::Message& reply) const;
  bool answer_numbered(const dns::Question& question, dns::Message& reply) const;

  std::string apex_;
  dns::Record soa_;
  std::unordered_map<std::string, Node> nodes_;  ///< by lower-case full name
  std::unordered_set<std::string> failures_;
  std::size_t numbered_ = 0;
};

/// As many names as one likes, for measurements: "h0000000" with 10.0.0.0, "h0000001" with 10.0.0.1
/// and so on. \p index below kMaxNumbered.
inline constexpr std::size_t kMaxNumbered = 10'000'000;
std::string numbered_label(std::size_t index);
net::IpAddress numbered_address(std::size_t index);

}  // namespace m8::lab
