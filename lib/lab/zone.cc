#include "lab/zone.h"

#include <charconv>

#include <fmt/format.h>

#include "net/name.h"

namespace m8::lab {
namespace {

constexpr std::uint32_t kTtl = 300;
constexpr int kMaxAliases = 16;

std::string parent_of(const std::string& name) {
  const auto dot = name.find('.');
  return dot == std::string::npos ? std::string() : name.substr(dot + 1);
}

}  // namespace

std::string numbered_label(std::size_t index) { return fmt::format("h{:07}", index); }

net::IpAddress numbered_address(std::size_t index) {
  return net::IpAddress::v4(static_cast<std::uint32_t>(0x0a000000 + index));
}

Zone::Zone(std::string apex, const net::IpAddress& server) : apex_(dns::lower(apex)) {
  dns::Soa soa;
  soa.ns = "ns1." + apex_;
  soa.mailbox = "hostmaster." + apex_;
  soa.serial = 2024010101;
  soa.refresh = 7200;
  soa.retry = 900;
  soa.expire = 1209600;
  soa.minimum = 60;
  soa_ = {apex_, dns::RrType::kSoa, dns::kClassIn, kTtl, soa};
  nodes_[apex_].push_back(soa_);
  add("", dns::RrType::kNs, dns::NameData{soa.ns});
  add_address("ns1", server);
}

std::string Zone::full_name(std::string_view label) const {
  if (label.empty() || label == "@") return apex_;
  return fmt::format("{}.{}", label, apex_);
}

void Zone::add(std::string_view label, dns::RrType type, dns::Rdata data) {
  const std::string name = dns::lower(full_name(label));
  nodes_[name].push_back({name, type, dns::kClassIn, kTtl, std::move(data)});
  // Names on the way up exist too, if only to answer NODATA (RFC 4592 2.2.2).
  for (auto above = parent_of(name); above.size() > apex_.size(); above = parent_of(above))
    nodes_.try_emplace(above);
}

void Zone::add_address(std::string_view label, const net::IpAddress& ip) {
  add(label, ip.is_v4() ? dns::RrType::kA : dns::RrType::kAaaa, ip);
}

void Zone::add_alias(std::string_view label, std::string target) {
  add(label, dns::RrType::kCname, dns::NameData{std::move(target)});
}

void Zone::add_failure(std::string_view label) { failures_.insert(dns::lower(full_name(label))); }

const Zone::Node* Zone::find(const std::string& name) const {
  const auto exact = nodes_.find(name);
  return exact != nodes_.end() ? &exact->second : find_wildcard(name);
}

/// The wildcard directly below the closest name that exists, and no other (RFC 4592 3.3.1).
const Zone::Node* Zone::find_wildcard(const std::string& name) const {
  std::string encloser = parent_of(name);
  while (!encloser.empty() && !nodes_.contains(encloser)) encloser = parent_of(encloser);
  const auto wildcard = nodes_.find("*." + encloser);
  return wildcard == nodes_.end() ? nullptr : &wildcard->second;
}

/// Appends what is known of the question to the answers. False if the last name does not exist.
bool Zone::follow(const dns::Question& question, dns::Message& reply) const {
  std::string name = dns::lower(question.name);
  std::string written = question.name;
  for (int hop = 0; hop < kMaxAliases; ++hop) {
    const Node* node = find(name);
    if (!node) return false;
    const dns::NameData* alias = nullptr;
    for (const dns::Record& record : *node) {
      const bool asked = record.type == question.type || question.type == dns::RrType::kAny;
      const bool is_alias = record.type == dns::RrType::kCname;
      if (!asked && !is_alias) continue;
      reply.answers.push_back(record);
      reply.answers.back().name = written;  // also turns "*.x" into the name that was asked for
      if (is_alias && !asked) alias = std::get_if<dns::NameData>(&record.data);
    }
    if (!alias || !net::name_is_inside(alias->name, apex_)) return true;
    written = alias->name;
    name = dns::lower(written);
  }
  return true;
}

/// Answers for a numbered name; false if the question is for another.
bool Zone::answer_numbered(const dns::Question& question, dns::Message& reply) const {
  constexpr std::size_t kDigits = 7;
  const std::string& name = question.name;
  if (numbered_ == 0 || name.size() != kDigits + 2 + apex_.size()) return false;
  std::size_t index = 0;
  const auto read = std::from_chars(name.data() + 1, name.data() + 1 + kDigits, index);
  const bool well_formed = (name[0] == 'h' || name[0] == 'H') && read.ec == std::errc() &&
                           read.ptr == name.data() + 1 + kDigits && *read.ptr == '.';
  if (!well_formed || index >= numbered_) return false;
  if (question.type == dns::RrType::kA)
    reply.answers.push_back({name, dns::RrType::kA, dns::kClassIn, kTtl, numbered_address(index)});
  return true;
}

dns::Message Zone::answer(const dns::Message& query) const {
  dns::Message reply = dns::reply_to(query);
  if (query.opcode != 0 || query.questions.size() != 1) {
    reply.rcode = query.opcode != 0 ? dns::Rcode::kNotImp : dns::Rcode::kFormErr;
    return reply;
  }
  const dns::Question& question = query.questions[0];
  const std::string name = dns::lower(question.name);
  if (!net::name_is_inside(name, apex_) || question.rr_class != dns::kClassIn ||
      question.type == dns::RrType::kAxfr) {
    reply.rcode = dns::Rcode::kRefused;
    return reply;
  }
  reply.recursion_available = true;  // for resolvers that insist; nothing else is ever asked for
  if (failures_.contains(name)) {
    reply.rcode = dns::Rcode::kServFail;
    return reply;
  }
  reply.authoritative = true;
  const bool exists = answer_numbered(question, reply) || follow(question, reply);
  if (!exists) reply.rcode = dns::Rcode::kNxDomain;
  const bool only_aliases =
      reply.answers.empty() ||
      (reply.answers.back().type == dns::RrType::kCname && question.type != dns::RrType::kCname &&
       question.type != dns::RrType::kAny);
  if (!exists || only_aliases) reply.authorities.push_back(soa_);
  return reply;
}

}  // namespace m8::lab
