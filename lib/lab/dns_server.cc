#include "lab/dns_server.h"

namespace m8::lab {
namespace {

const net::IpAddress kFalseAddress = net::IpAddress::v4(0x7f424242);  // 127.66.66.66

}  // namespace

DnsServer::DnsServer(const Zone& zone, const Faults& faults)
    : zone_(zone), faults_(faults), dice_(faults.seed) {}

Result<std::unique_ptr<DnsServer>> DnsServer::create(net::Poller& poller, const Zone& zone,
                                                     const net::SocketAddress& at,
                                                     const Faults& faults) {
  std::unique_ptr<DnsServer> server(new DnsServer(zone, faults));
  dns::Listener::Options options;
  options.latency = faults.dns_latency;
  server->listener_ = M8_TRY(dns::Listener::create(
      poller, at,
      [self = server.get()](dns::Bytes query, const net::IpAddress&, bool udp) {
        return self->reply_to(query, udp);
      },
      options));
  return server;
}

std::string DnsServer::reply_to(dns::Bytes wire, bool udp) {
  ++(udp ? counters_.udp : counters_.tcp);
  if (udp && dice_.roll(faults_.loss)) {
    ++counters_.lost;
    return {};
  }
  const auto query = dns::decode(wire);
  if (!query.ok() || query->response) {
    ++counters_.malformed;
    return {};
  }
  dns::Message reply = zone_.answer(*query);
  if (lie(*query, reply)) ++counters_.lies;
  return dns::encode(reply, udp ? dns::udp_limit(*query) : dns::kMaxMessageBytes).value_or("");
}

/// Turns the reply into a false address, also for names that don't exist.
bool DnsServer::lie(const dns::Message& query, dns::Message& reply) {
  if (faults_.lie <= 0 || query.questions.size() != 1) return false;
  if (counters_.udp + counters_.tcp <= faults_.honest) return false;
  const dns::Question& question = query.questions[0];
  if (question.type != dns::RrType::kA) return false;
  if (!chosen(dns::lower(question.name), faults_.seed, faults_.lie)) return false;
  reply.rcode = dns::Rcode::kNoError;
  reply.authorities.clear();
  reply.answers = {{question.name, dns::RrType::kA, dns::kClassIn, 60, kFalseAddress}};
  return true;
}

}  // namespace m8::lab
