#include "oob/dns_answers.h"

#include <fmt/format.h>

namespace m8::oob {
namespace {

using dns::Record;
using dns::RrType;

constexpr std::uint32_t kTtl = 3600;   // of what never changes
constexpr std::uint32_t kHostTtl = 0;  // each visit is to be seen
constexpr std::uint16_t kClassAny = 255;

Record record(const std::string& name, RrType type, std::uint32_t ttl, dns::Rdata data) {
  return {name, type, dns::kClassIn, ttl, std::move(data)};
}

Record soa(const DnsZone& zone) {
  dns::Soa data;
  data.ns = "ns1." + zone.domain;
  data.mailbox = "admin." + zone.domain;
  data.serial = 1;
  data.refresh = kTtl;
  data.retry = kTtl;
  data.expire = kTtl;
  data.minimum = 60;
  return record(zone.domain, RrType::kSoa, kTtl, std::move(data));
}

void add_addresses(const DnsZone& zone, const std::string& name, RrType type,
                   std::vector<Record>& out) {
  for (const net::IpAddress& address : zone.addresses) {
    const RrType own = address.is_v4() ? RrType::kA : RrType::kAaaa;
    if (type == own || type == RrType::kAny) out.push_back(record(name, own, kHostTtl, address));
  }
}

void add_records(const DnsZone& zone, const dns::Question& question, dns::Message& reply) {
  const RrType type = question.type;
  const bool apex = dns::lower(question.name) == zone.domain;
  add_addresses(zone, question.name, type, reply.answers);
  if (type == RrType::kMx || type == RrType::kAny)
    reply.answers.push_back(
        record(question.name, RrType::kMx, kHostTtl, dns::Mx{1, "mail." + zone.domain}));
  if (apex && (type == RrType::kNs || type == RrType::kAny)) {
    for (const char* server : {"ns1.", "ns2."}) {
      const std::string name = server + zone.domain;
      reply.answers.push_back(record(question.name, RrType::kNs, kTtl, dns::NameData{name}));
      add_addresses(zone, name, RrType::kAny, reply.additionals);
    }
  }
  if (apex && (type == RrType::kSoa || type == RrType::kAny)) reply.answers.push_back(soa(zone));
  if (reply.answers.empty()) reply.authorities.push_back(soa(zone));
}

void append_flags(std::string& out, const dns::Message& message) {
  const std::pair<bool, const char*> flags[] = {{message.response, " qr"},
                                                {message.authoritative, " aa"},
                                                {message.truncated, " tc"},
                                                {message.recursion_desired, " rd"},
                                                {message.recursion_available, " ra"},
                                                {message.authentic_data, " ad"},
                                                {message.checking_disabled, " cd"}};
  for (const auto& [on, name] : flags)
    if (on) out += name;
}

std::string absolute(const std::string& name) { return name.ends_with('.') ? name : name + '.'; }

void append_section(std::string& out, const char* title, const std::vector<Record>& records) {
  if (records.empty()) return;
  out += fmt::format("\n;; {} SECTION:\n", title);
  for (const Record& one : records)
    out += fmt::format("{}\t{}\tIN\t{}\t{}\n", absolute(one.name), one.ttl,
                       dns::to_string(one.type), dns::to_text(one.data));
}

}  // namespace

bool is_within(const DnsZone& zone, const std::string& name) {
  const std::string lower = dns::lower(name);
  return lower == zone.domain || lower.ends_with("." + zone.domain);
}

dns::Message answer(const DnsZone& zone, const dns::Message& query) {
  dns::Message reply = dns::reply_to(query);
  if (query.questions.size() != 1) {
    reply.rcode = dns::Rcode::kFormErr;
    return reply;
  }
  const dns::Question& question = query.questions[0];
  const bool ours = question.rr_class == dns::kClassIn || question.rr_class == kClassAny;
  if (query.opcode != 0) {
    reply.rcode = dns::Rcode::kNotImp;
  } else if (!ours || !is_within(zone, question.name)) {
    reply.rcode = dns::Rcode::kRefused;
  } else {
    reply.authoritative = true;
    add_records(zone, question, reply);
  }
  return reply;
}

std::string to_text(const dns::Message& message) {
  std::string out = fmt::format(";; opcode: {}, status: {}, id: {}\n;; flags:",
                                message.opcode == 0 ? "QUERY" : std::to_string(message.opcode),
                                dns::to_string(message.rcode), message.id);
  append_flags(out, message);
  out += fmt::format("; QUERY: {}, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {}\n",
                     message.questions.size(), message.answers.size(), message.authorities.size(),
                     message.additionals.size() + (message.edns ? 1 : 0));
  if (message.edns)
    out += fmt::format("\n;; OPT PSEUDOSECTION:\n; EDNS: version {}; flags:{}; udp: {}\n",
                       message.edns->version, message.edns->dnssec_ok ? " do" : "",
                       message.edns->udp_payload);
  if (!message.questions.empty()) out += "\n;; QUESTION SECTION:\n";
  for (const dns::Question& question : message.questions)
    out += fmt::format(";{}\tIN\t {}\n", absolute(question.name), dns::to_string(question.type));
  append_section(out, "ANSWER", message.answers);
  append_section(out, "AUTHORITY", message.authorities);
  append_section(out, "ADDITIONAL", message.additionals);
  return out;
}

}  // namespace m8::oob
