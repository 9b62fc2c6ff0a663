#include "enumerate/zone_questions.h"

#include <array>

#include "base/log.h"
#include "enumerate/sources/name_scan.h"

namespace m8::enumerate {
namespace {

using dns::RrType;

constexpr std::size_t kScannedFor = 64;                ///< domains that a text is searched for
constexpr auto kNsec3Param = static_cast<RrType>(51);  // RFC 5155 4

/// Of the IANA service names those that zones publish.
constexpr std::array kServices = {
    "_autodiscover._tcp",
    "_caldav._tcp",
    "_caldavs._tcp",
    "_carddav._tcp",
    "_carddavs._tcp",
    "_ceph-mon._tcp",
    "_collab-edge._tls",
    "_etcd-client._tcp",
    "_etcd-client-ssl._tcp",
    "_etcd-server._tcp",
    "_etcd-server-ssl._tcp",
    "_ftp._tcp",
    "_gc._tcp",
    "_h323cs._tcp",
    "_h323ls._udp",
    "_http._tcp",
    "_https._tcp",
    "_imap._tcp",
    "_imaps._tcp",
    "_jabber._tcp",
    "_kerberos._tcp",
    "_kerberos._udp",
    "_kerberos-adm._tcp",
    "_kpasswd._tcp",
    "_kpasswd._udp",
    "_ldap._tcp",
    "_ldap._udp",
    "_ldaps._tcp",
    "_matrix._tcp",
    "_matrix-fed._tcp",
    "_minecraft._tcp",
    "_mongodb._tcp",
    "_mysqlsrv._tcp",
    "_ntp._udp",
    "_pop3._tcp",
    "_pop3s._tcp",
    "_postgresql._tcp",
    "_radsec._tcp",
    "_rdp._tcp",
    "_sip._tcp",
    "_sip._tls",
    "_sip._udp",
    "_sipfederationtls._tcp",
    "_sipinternaltls._tcp",
    "_sips._tcp",
    "_smtp._tcp",
    "_ssh._tcp",
    "_stun._tcp",
    "_stun._udp",
    "_submission._tcp",
    "_submissions._tcp",
    "_turn._tcp",
    "_turn._udp",
    "_turns._tcp",
    "_vlmcs._tcp",
    "_xmpp-client._tcp",
    "_xmpp-server._tcp",
    "_xmpps-client._tcp",
    "_xmpps-server._tcp",
    "_ldap._tcp.dc._msdcs",
    "_kerberos._tcp.dc._msdcs",
    "_ldap._tcp.gc._msdcs",
    "_ldap._tcp.pdc._msdcs",
};

/// Where the name begins in the data of a record that ends in one, or begins with one.
std::optional<std::size_t> name_offset(RrType type) {
  switch (type) {
    case RrType::kNs:
    case RrType::kCname:
    case RrType::kPtr:
    case RrType::kSoa:
      return 0;
    case RrType::kMx:
      return 2;
    case RrType::kSrv:
      return 6;
    default:
      return std::nullopt;
  }
}

std::string_view bytes_of(dns::Bytes message, const dns::RecordView& record) {
  return {reinterpret_cast<const char*>(message.data()) + record.data_at, record.data_size};
}

/// The strings of a TXT record, joined (RFC 7208 3.3).
std::string text_of(std::string_view data) {
  std::string text;
  while (!data.empty()) {
    const std::size_t size = static_cast<unsigned char>(data[0]);
    text += data.substr(1, size);
    data.remove_prefix(std::min(size + 1, data.size()));
  }
  return text;
}

}  // namespace

ZoneQuestions::ZoneQuestions(std::vector<net::Name> apexes, Learned& learned, Options options)
    : apexes_(std::move(apexes)), index_(apexes_), learned_(learned), options_(std::move(options)) {
  for (std::size_t i = 0; i < apexes_.size(); ++i) add_zone(apexes_[i].text(), i);
}

// ---- what to ask --------------------------------------------------------------------------------

void ZoneQuestions::ask(std::string name, RrType type, std::size_t apex) {
  const std::string key = dns::to_string(type) + " " + name;
  if (asked_.insert(seeded_hash(key)).second) waiting_.push_back({std::move(name), type, apex});
}

void ZoneQuestions::ask_about(const std::string& name, std::size_t apex) {
  if (options_.mentions) {
    ask(name, RrType::kMx, apex);
    ask(name, RrType::kTxt, apex);
  }
  // A cut shows only so.
  ask(name, RrType::kNs, apex);
}

void ZoneQuestions::add_zone(const std::string& name, std::size_t apex) {
  if (zones_.size() >= options_.most_zones || !zones_.insert(name).second) return;
  ++counts_.zones;
  ask_about(name, apex);
  if (options_.mentions) {
    ask(name, RrType::kSoa, apex);
    ask(name, RrType::kCaa, apex);
    ask("_dmarc." + name, RrType::kTxt, apex);
  }
  if (options_.services) service_zones_.push_back(name);
  if (!options_.nsec) return;
  walks_.try_emplace(name, name, options_.most_walked);
  step(name, name, apex);
}

bool ZoneQuestions::next_service(Candidate& candidate) {
  if (service_zones_.empty()) return false;
  const std::string& zone = service_zones_.front();
  candidate.name = std::string(kServices[service_]) + "." + zone;
  candidate.question = RrType::kSrv;
  candidate.apex = index_.of(zone);
  if (++service_ < kServices.size()) return true;
  service_ = 0;
  service_zones_.pop_front();
  return true;
}

void ZoneQuestions::found(const Candidate& candidate, const model::Hostname& record) {
  if (!candidate.is_apex) ask_about(record.hostname, candidate.apex);
  if (!options_.mentions) return;
  for (const std::string& alias : record.cname) learned_.offer(alias, "learn");
}

Result<CandidateSource::Next> ZoneQuestions::next(Candidate& candidate) {
  candidate.guess = false;
  candidate.source = "zone";
  if (waiting_.empty()) return next_service(candidate) ? Next::kCandidate : Next::kNeedsFinds;
  Question& question = waiting_.front();
  candidate.name = std::move(question.name);
  candidate.question = question.type;
  candidate.apex = question.apex;
  waiting_.pop_front();
  return Next::kCandidate;
}

// ---- what is answered ---------------------------------------------------------------------------

void ZoneQuestions::answered(const Candidate& candidate, const dns::Reply* reply) {
  if (candidate.source != "zone") return;
  const RrType type = *candidate.question;
  if (type == RrType::kNsec) return walk_on(candidate, reply);
  if (reply == nullptr) return;
  if (type == RrType::kA || type == RrType::kAaaa) return read_addresses(candidate, *reply);
  if (type == kNsec3Param) {
    if (reply->header.answers == 0) return;
    ++counts_.nsec3;
    log::get("enumerate")->info("zone={} uses NSEC3: its names are hidden", candidate.name);
    return;
  }
  if (type == RrType::kNs) read_servers(candidate, *reply);
  if (type == RrType::kSrv || options_.mentions) read_mentions(candidate, *reply);
}

void ZoneQuestions::read_text(std::string_view text, std::size_t apex) {
  const auto scan = [&](const net::Name& domain) {
    sources::scan_names(text, domain,
                        [&](const net::Name& name) { learned_.offer(name.text(), "learn"); });
  };
  // Names of other domains are a gift: not worth a search for each of very many.
  if (apexes_.size() > kScannedFor) return scan(apexes_[apex]);
  for (const net::Name& domain : apexes_) scan(domain);
}

void ZoneQuestions::read_mentions(const Candidate& candidate, const dns::Reply& reply) {
  const char* origin = candidate.question == RrType::kSrv ? "srv" : "learn";
  auto records = reply.answers();
  for (dns::RecordView record; records.next(record);) {
    if (const auto offset = name_offset(record.type); offset && *offset < record.data_size) {
      dns::NameText name;
      std::size_t at = record.data_at + *offset;
      if (read_name(reply.message, at, name)) learned_.offer(name.view(), origin);
    } else if (record.type == RrType::kTxt || record.type == RrType::kCaa) {
      const std::string_view data = bytes_of(reply.message, record);
      record.type == RrType::kTxt ? read_text(text_of(data), candidate.apex)
                                  : read_text(data, candidate.apex);
    }
  }
}

void ZoneQuestions::read_servers(const Candidate& candidate, const dns::Reply& reply) {
  dns::AnswerValues values;
  values.add(reply.message, RrType::kNs);
  if (!values.has(RrType::kNs) || values.has(RrType::kCname)) return;
  add_zone(candidate.name, candidate.apex);
  if (!options_.server) return;
  for (const std::string& server : values.of(RrType::kNs)) {
    ServerOf& known = servers_[server];
    known.zones.push_back(candidate.name);
    for (const net::IpAddress& ip : known.addresses) options_.server(candidate.name, ip);
    ask(server, RrType::kA, candidate.apex);
    ask(server, RrType::kAaaa, candidate.apex);
  }
}

void ZoneQuestions::read_addresses(const Candidate& candidate, const dns::Reply& reply) {
  dns::AnswerValues values;
  values.add(reply.message, *candidate.question);
  const auto served = servers_.find(candidate.name);
  if (served == servers_.end()) return;
  for (const std::string& address : values.of(*candidate.question)) {
    const auto ip = net::IpAddress::parse(address);
    if (!ip.ok()) continue;
    served->second.addresses.push_back(*ip);
    for (const std::string& zone : served->second.zones) options_.server(zone, *ip);
  }
}

// ---- the NSEC chain -----------------------------------------------------------------------------

void ZoneQuestions::step(const std::string& zone, const std::string& name, std::size_t apex) {
  auto& walkers = steps_[name];
  walkers.push_back(zone);
  if (walkers.size() == 1) waiting_.push_back({name, RrType::kNsec, apex});
}

void ZoneQuestions::walk_on(const Candidate& candidate, const dns::Reply* reply) {
  const auto walkers = steps_.extract(candidate.name);
  if (walkers.empty()) return;
  for (const std::string& zone : walkers.mapped()) {
    NsecWalk& walk = walks_.at(zone);
    const bool begun = walk.names() > 0;
    const auto state = walk.take(reply, [&](const std::string& name) {
      learned_.offer(name, "nsec");
      if (log_ != nullptr) log_->add(zone, name);
    });
    if (!begun && log_ != nullptr) go_on(zone, walk);
    if (state != NsecWalk::State::kWalking) {
      end_walk(zone, walk);
    } else {
      step(zone, walk.ask(), candidate.apex);
    }
  }
}

/// The zone has its chain still: what an earlier session took of it is not asked for again.
void ZoneQuestions::go_on(const std::string& zone, NsecWalk& walk) {
  const std::vector<std::string> names = log_->take(zone);
  for (const std::string& name : names) learned_.offer(name, "nsec");
  walk.skip(names);
}

void ZoneQuestions::end_walk(const std::string& zone, const NsecWalk& walk) {
  using State = NsecWalk::State;
  if (walk.state() == State::kNoChain) {
    ask(zone, kNsec3Param, index_.of(zone));
  } else {
    ++(walk.state() == State::kComplete ? counts_.walked : counts_.walks_ended);
    log::get("enumerate")
        ->info("NSEC chain of zone={}: {} names, {}", zone, walk.names(), walk.why());
  }
  walks_.erase(zone);
}

}  // namespace m8::enumerate
