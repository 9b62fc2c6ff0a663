/// ZoneQuestions: what zones say of themselves: service names, name servers, mail servers, SPF
/// records, and the chain of NSEC records. What is named goes to Learned.
///
/// Zones are the domains, and names below them that turn out to have name servers of their own.
/// All questions go through the engine, so that scope, rate and resolvers hold for them. One
/// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/hash.h"
#include "dns/answer.h"
#include "dns/resolver.h"
#include "enumerate/candidate_source.h"
#include "enumerate/learned.h"
#include "enumerate/nsec_walk.h"
#include "enumerate/walk_log.h"
#include "net/address.h"
#include "net/name.h"

namespace m8::enumerate {

class ZoneQuestions final : public CandidateSource {
 public:
  /// A name server of a zone has this address: somebody may ask it for the whole zone.
  using Server = std::function<void(const std::string& zone, const net::IpAddress& ip)>;
  struct Options {
    bool services = false;  ///< _service._proto names (RFC 2782), by a list of common ones
    bool nsec = false;      ///< walk the NSEC chain (RFC 4034 4)
    bool mentions = false;  ///< MX, NS, TXT, CAA, SOA and CNAME of zones and of what is found
    Server server;          ///< if set, addresses of name servers are looked up
    std::size_t most_walked = 100'000;  ///< names of one NSEC chain
    std::size_t most_zones = 10'000;
  };
  struct Counts {
    std::uint64_t zones = 0;
    std::uint64_t walked = 0;       ///< zones whose NSEC chain was gone through to its end
    std::uint64_t nsec3 = 0;        ///< zones that hide their names (RFC 5155)
    std::uint64_t walks_ended = 0;  ///< chains left before their end: too long, made up, no answer
  };

  /// \p apexes: the engine's domains, in its order. \p learned is borrowed.
  ZoneQuestions(std::vector<net::Name> apexes, Learned& learned, Options options);

  Result<Next> next(Candidate& candidate) override;
  void found(const Candidate& candidate, const model::Hostname& record) override;
  void answered(const Candidate& candidate, const dns::Reply* reply) override;

  const Counts& counts() const { return counts_; }
  /// Walks go on where \p log (borrowed) has them, and are written there. Before the first next().
  void remember(WalkLog& log) { log_ = &log; }

 private:
  struct Question {
    std::string name;
    dns::RrType type = dns::RrType::kNs;
    std::size_t apex = 0;
  };

  /// A name server.
  struct ServerOf {
    std::vector<std::string> zones;  ///< that wait for its addresses
    std::vector<net::IpAddress> addresses;
  };

  void add_zone(const std::string& name, std::size_t apex);
  void ask(std::string name, dns::RrType type, std::size_t apex);
  void ask_about(const std::string& name, std::size_t apex);
  bool next_service(Candidate& candidate);
  void read_mentions(const Candidate& candidate, const dns::Reply& reply);
  void read_text(std::string_view text, std::size_t apex);
  void read_servers(const Candidate& candidate, const dns::Reply& reply);
  void read_addresses(const Candidate& candidate, const dns::Reply& reply);
  void step(const std::string& zone, const std::string& name, std::size_t apex);
  void walk_on(const Candidate& candidate, const dns::Reply* reply);
  void go_on(const std::string& zone, NsecWalk& walk);
  void end_walk(const std::string& zone, const NsecWalk& walk);

  const std::vector<net::Name> apexes_;
  const ApexIndex index_;
  Learned& learned_;
  const Options options_;
  std::deque<Question> waiting_;
  std::deque<std::string> service_zones_;    ///< whose services were not all asked for
  std::size_t service_ = 0;                  ///< of the first of them
  std::unordered_set<std::uint64_t> asked_;  ///< hashes of (type, name)
  std::unordered_set<std::string, SeededHash, std::equal_to<>> zones_;
  /// By name.
  std::unordered_map<std::string, ServerOf, SeededHash, std::equal_to<>> servers_;
  std::unordered_map<std::string, NsecWalk, SeededHash, std::equal_to<>> walks_;  ///< by zone
  /// By name asked now, the zones that are walked: one may lead through another.
  std::unordered_map<std::string, std::vector<std::string>, SeededHash, std::equal_to<>> steps_;
  WalkLog* log_ = nullptr;  ///< may be null
  Counts counts_;
};

}  // namespace m8::enumerate
