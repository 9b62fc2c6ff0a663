/// DNS messages as plain values: questions, records with typed data, and the words for types and
/// rcodes. Bytes are the business of dns/wire.h.
///
/// Names are text in presentation form (RFC 1035 5.1): labels joined by '.', no final dot, the
/// root is ".", bytes outside printable ASCII as \DDD, '.' and '\' inside a label escaped. Case is
/// kept as it came. Plain values, no shared state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/address.h"

namespace m8::dns {

/// RR types (IANA "Resource Record (RR) TYPEs"). Any other 16-bit number is a valid value too.
enum class RrType : std::uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kOpt = 41,
  kDs = 43,
  kRrsig = 46,
  kNsec = 47,
  kAxfr = 252,
  kAny = 255,
  kCaa = 257,
};

/// "A", "AAAA", ...; "TYPE1234" for one without a name (RFC 3597 5).
std::string to_string(RrType type);
/// Any case; "TYPE1234" too. Empty for an unknown word.
std::optional<RrType> parse_rr_type(std::string_view text);

/// Response codes (RFC 1035 4.1.1, RFC 2136, RFC 6895); with EDNS up to 12 bits.
enum class Rcode : std::uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kYxDomain = 6,
  kNotAuth = 9,
  kBadVersion = 16,
};

/// "NOERROR", "NXDOMAIN", ...; "RCODE" for one without a name. Static text.
const char* to_string(Rcode rcode);

inline constexpr std::uint16_t kClassIn = 1;

struct Question {
  std::string name;
  RrType type = RrType::kA;
  std::uint16_t rr_class = kClassIn;
  friend bool operator==(const Question&, const Question&) = default;
};

/// CNAME, NS, PTR: one name.
struct NameData {
  std::string name;
  friend bool operator==(const NameData&, const NameData&) = default;
};

struct Mx {
  std::uint16_t preference = 0;
  std::string exchange;
  friend bool operator==(const Mx&, const Mx&) = default;
};

/// One or more strings of up to 255 raw bytes each.
struct Txt {
  std::vector<std::string> strings;
  friend bool operator==(const Txt&, const Txt&) = default;
};

struct Soa {
  std::string ns, mailbox;
  std::uint32_t serial = 0;
  std::uint32_t refresh = 0;  ///< seconds, as the three below
  std::uint32_t retry = 0;
  std::uint32_t expire = 0;
  std::uint32_t minimum = 0;  ///< how long an NXDOMAIN may be cached (RFC 2308)
  friend bool operator==(const Soa&, const Soa&) = default;
};

/// RFC 2782.
struct Srv {
  std::uint16_t priority = 0, weight = 0, port = 0;
  std::string target;
  friend bool operator==(const Srv&, const Srv&) = default;
};

/// RFC 8659.
struct Caa {
  std::uint8_t flags = 0;
  std::string tag, value;
  friend bool operator==(const Caa&, const Caa&) = default;
};

/// RFC 4034 5.
struct Ds {
  std::uint16_t key_tag = 0;
  std::uint8_t algorithm = 0, digest_type = 0;
  std::string digest;  ///< raw bytes
  friend bool operator==(const Ds&, const Ds&) = default;
};

/// Data of a type that has no struct here, as it was on the wire.
struct RawData {
  std::string bytes;
  friend bool operator==(const RawData&, const RawData&) = default;
};

/// A and AAAA are addresses.
using Rdata = std::variant<RawData, net::IpAddress, NameData, Mx, Txt, Soa, Srv, Caa, Ds>;

struct Record {
  std::string name;
  RrType type = RrType::kA;
  std::uint16_t rr_class = kClassIn;
  std::uint32_t ttl = 0;  ///< seconds
  Rdata data;
  friend bool operator==(const Record&, const Record&) = default;
};

/// The data in presentation form: "192.0.2.1", "10 mail.example.com", "\"v=spf1 -all\"".
std::string to_text(const Rdata& data);

/// The OPT pseudo-record (RFC 6891).
struct Edns {
  std::uint16_t udp_payload = 1232;  ///< largest datagram that the sender takes, bytes
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  std::string options;  ///< raw
  friend bool operator==(const Edns&, const Edns&) = default;
};

/// A whole message. The OPT record is `edns`, never one of `additionals`.
struct Message {
  std::uint16_t id = 0;
  bool response = false;
  std::uint8_t opcode = 0;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  bool recursion_available = false;
  bool authentic_data = false;
  bool checking_disabled = false;
  Rcode rcode = Rcode::kNoError;
  std::vector<Question> questions;
  std::vector<Record> answers, authorities, additionals;
  std::optional<Edns> edns;
};

/// A response to \p query without records: id, opcode, question and recursion_desired copied,
/// EDNS echoed when the query had it.
Message reply_to(const Message& query);

/// The name whose PTR record names \p ip: "1.2.0.192.in-addr.arpa" (RFC 1035 3.5, RFC 3596 2.5).
std::string reverse_name(const net::IpAddress& ip);
/// The address of such a name in lower case; empty for another.
std::optional<net::IpAddress> address_of_reverse(std::string_view name);

/// Lower-cases ASCII; names compare in this form (RFC 4343).
std::string lower(std::string_view name);

}  // namespace m8::dns
