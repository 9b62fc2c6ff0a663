#include "dns/message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"

namespace m8::dns {
namespace {

constexpr std::array<std::pair<RrType, std::string_view>, 16> kTypes{{
    {RrType::kA, "A"},
    {RrType::kNs, "NS"},
    {RrType::kCname, "CNAME"},
    {RrType::kSoa, "SOA"},
    {RrType::kPtr, "PTR"},
    {RrType::kMx, "MX"},
    {RrType::kTxt, "TXT"},
    {RrType::kAaaa, "AAAA"},
    {RrType::kSrv, "SRV"},
    {RrType::kOpt, "OPT"},
    {RrType::kDs, "DS"},
    {RrType::kRrsig, "RRSIG"},
    {RrType::kNsec, "NSEC"},
    {RrType::kAxfr, "AXFR"},
    {RrType::kAny, "ANY"},
    {RrType::kCaa, "CAA"},
}};

/// A <character-string> in quotes (RFC 1035 5.1).
std::string quoted(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      fmt::format_to(std::back_inserter(out), "\\{:03}", byte);
    } else {
      out += c;
    }
  }
  return out += '"';
}

struct TextOf {
  std::string operator()(const RawData& raw) const {
    // RFC 3597 5: the generic form.
    return fmt::format("\\# {} {}", raw.bytes.size(), hex_encode(raw.bytes));
  }
  std::string operator()(const net::IpAddress& ip) const { return ip.to_string(); }
  std::string operator()(const NameData& data) const { return data.name; }
  std::string operator()(const Mx& mx) const {
    return fmt::format("{} {}", mx.preference, mx.exchange);
  }
  std::string operator()(const Txt& txt) const {
    std::string out;
    for (const auto& part : txt.strings) out += (out.empty() ? "" : " ") + quoted(part);
    return out;
  }
  std::string operator()(const Soa& soa) const {
    return fmt::format("{} {} {} {} {} {} {}", soa.ns, soa.mailbox, soa.serial, soa.refresh,
                       soa.retry, soa.expire, soa.minimum);
  }
  std::string operator()(const Srv& srv) const {
    return fmt::format("{} {} {} {}", srv.priority, srv.weight, srv.port, srv.target);
  }
  std::string operator()(const Caa& caa) const {
    return fmt::format("{} {} {}", caa.flags, caa.tag, quoted(caa.value));
  }
  std::string operator()(const Ds& ds) const {
    return fmt::format("{} {} {} {}", ds.key_tag, ds.algorithm, ds.digest_type,
                       hex_encode(ds.digest));
  }
};

}  // namespace

std::string to_string(RrType type) {
  for (const auto& [known, text] : kTypes) {
    if (known == type) return std::string(text);
  }
  return fmt::format("TYPE{}", static_cast<unsigned>(type));
}

std::optional<RrType> parse_rr_type(std::string_view text) {
  const std::string wanted = lower(text);
  for (const auto& [known, name] : kTypes) {
    if (lower(name) == wanted) return known;
  }
  if (!wanted.starts_with("type")) return std::nullopt;
  std::uint16_t number = 0;
  const char* end = wanted.data() + wanted.size();
  const auto parsed = std::from_chars(wanted.data() + 4, end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return static_cast<RrType>(number);
}

const char* to_string(Rcode rcode) {
  switch (rcode) {
    case Rcode::kNoError:
      return "NOERROR";
    case Rcode::kFormErr:
      return "FORMERR";
    case Rcode::kServFail:
      return "SERVFAIL";
    case Rcode::kNxDomain:
      return "NXDOMAIN";
    case Rcode::kNotImp:
      return "NOTIMP";
    case Rcode::kRefused:
      return "REFUSED";
    case Rcode::kYxDomain:
      return "YXDOMAIN";
    case Rcode::kNotAuth:
      return "NOTAUTH";
    case Rcode::kBadVersion:
      return "BADVERS";
  }
  return "RCODE";
}

std::string to_text(const Rdata& data) { return std::visit(TextOf{}, data); }

Message reply_to(const Message& query) {
  Message reply;
  reply.id = query.id;
  reply.response = true;
  reply.opcode = query.opcode;
  reply.recursion_desired = query.recursion_desired;
  reply.questions = query.questions;
  if (query.edns) reply.edns = Edns{};
  return reply;
}

std::string lower(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return out;
}

std::string reverse_name(const net::IpAddress& ip) {
  std::string name;
  const bool v4 = ip.is_v4();
  for (std::size_t i = ip.size(); i-- > 0;) {
    const unsigned byte = ip.data()[i];
    name += v4 ? fmt::format("{}.", byte) : fmt::format("{:x}.{:x}.", byte & 15, byte >> 4);
  }
  return name + (v4 ? "in-addr.arpa" : "ip6.arpa");
}

std::optional<net::IpAddress> address_of_reverse(std::string_view name) {
  constexpr std::string_view kV4 = ".in-addr.arpa", kV6 = ".ip6.arpa";
  std::string text;
  if (name.ends_with(kV4)) {
    name.remove_suffix(kV4.size());
    for (std::size_t end = name.size();;) {
      const std::size_t dot = name.rfind('.', end - 1);
      const std::size_t begin = dot == name.npos ? 0 : dot + 1;
      text += (text.empty() ? "" : ".") + std::string(name.substr(begin, end - begin));
      if (begin == 0) break;
      end = dot;
      if (end == 0) return std::nullopt;
    }
  } else if (name.ends_with(kV6) && name.size() == 63 + kV6.size()) {
    for (std::size_t i = 32; i-- > 0;) {
      text += name[i * 2];
      if (i % 4 == 0 && i > 0) text += ':';
    }
  }
  const auto address = net::IpAddress::parse(text);
  return address.ok() ? std::optional(*address) : std::nullopt;
}

}  // namespace m8::dns
