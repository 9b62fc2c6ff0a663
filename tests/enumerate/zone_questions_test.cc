#include "enumerate/zone_questions.h"

#include <fstream>
#include <functional>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "base/temp_file.h"

using namespace m8;
using namespace m8::enumerate;
using dns::Message;
using dns::RrType;

namespace {

using Records = std::vector<dns::Record>;
/// By "TYPE name"; what is not there is NXDOMAIN.
using Zone = std::map<std::string, Records>;

std::vector<net::Name> domain() { return {net::Name::parse("z.test").value()}; }

dns::Record record(RrType type, dns::Rdata data, const std::string& owner) {
  return {owner, type, dns::kClassIn, 60, std::move(data)};
}

dns::Rdata nsec(const std::string& next) {
  std::string data;
  for (std::size_t at = 0; at < next.size();) {
    const std::size_t end = std::min(next.find('.', at), next.size());
    data += static_cast<char>(end - at) + next.substr(at, end - at);
    at = end + 1;
  }
  return dns::RawData{data + std::string("\0\0\1\x40", 4)};
}

/// Answers everything that is asked, and returns it in order.
std::vector<std::string> run(ZoneQuestions& questions, const Zone& zone) {
  std::vector<std::string> asked;
  Candidate candidate;
  while (questions.next(candidate).value() == CandidateSource::Next::kCandidate) {
    const std::string what = dns::to_string(*candidate.question) + " " + candidate.name;
    asked.push_back(what);
    Message message;
    message.response = true;
    message.questions = {{candidate.name, *candidate.question}};
    if (const auto known = zone.find(what); known != zone.end()) {
      message.answers = known->second;
    } else {
      message.rcode = dns::Rcode::kNxDomain;
    }
    const std::string wire = dns::encode(message).value();
    dns::Reply reply;
    reply.fate = dns::Fate::kAnswered;
    reply.message = std::as_bytes(std::span(wire.data(), wire.size()));
    REQUIRE(dns::read_header(reply.message, reply.header));
    std::size_t at = dns::kHeaderBytes;
    REQUIRE(dns::skip_name(reply.message, at));
    reply.answers_at = at + 4;
    questions.answered(candidate, &reply);
    candidate.question.reset();
  }
  return asked;
}

std::set<std::string> learned_by(Learned& learned) {
  std::set<std::string> names;
  Candidate candidate;
  while (learned.next(candidate).value() == CandidateSource::Next::kCandidate)
    names.insert(candidate.source + " " + candidate.name);
  return names;
}

}  // namespace

TEST_CASE("enumerate/zone_questions: names that records mention, in the domains only") {
  Learned learned(domain());
  ZoneQuestions questions(domain(), learned, {.mentions = true});
  const auto at_apex = [](RrType type, dns::Rdata data) {
    return Records{record(type, std::move(data), "z.test")};
  };
  const Zone zone = {
      {"MX z.test", at_apex(RrType::kMx, dns::Mx{10, "MX1.z.test"})},
      {"NS z.test", at_apex(RrType::kNs, dns::NameData{"ns1.z.test"})},
      {"TXT z.test",
       at_apex(RrType::kTxt, dns::Txt{{"v=spf1 a:out.z.test inclu", "de:spf.z.test a:notz.test"}})},
      {"TXT _dmarc.z.test",
       {record(RrType::kTxt, dns::Txt{{"v=DMARC1; rua=mailto:a@dmarc.z.test"}}, "_dmarc.z.test")}},
      {"CAA z.test", at_apex(RrType::kCaa, dns::Caa{0, "iodef", "https://caa.z.test/x"})},
      {"SOA z.test", at_apex(RrType::kSoa, dns::Soa{"ns0.z.test", "h.elsewhere.test"})},
  };
  const auto asked = run(questions, zone);
  CHECK(std::set<std::string>(asked.begin(), asked.end()).size() == asked.size());
  CHECK(learned_by(learned) == std::set<std::string>{"learn caa.z.test", "learn dmarc.z.test",
                                                     "learn mx1.z.test", "learn ns0.z.test",
                                                     "learn ns1.z.test", "learn out.z.test",
                                                     "learn spf.z.test"});
  // Of what is found, its mail, its text, and whether it is a zone.
  Candidate candidate;
  candidate.name = "www.z.test";
  model::Hostname found;
  found.hostname = "www.z.test";
  found.cname = {"origin.z.test", "cdn.elsewhere.test"};
  questions.found(candidate, found);
  CHECK(run(questions, {}) ==
        std::vector<std::string>{"MX www.z.test", "TXT www.z.test", "NS www.z.test"});
  CHECK(learned_by(learned) == std::set<std::string>{"learn origin.z.test"});
}

TEST_CASE("enumerate/zone_questions: every zone with every address of its name servers") {
  Learned learned(domain());
  std::set<std::string> servers;
  ZoneQuestions::Options options;
  options.server = [&servers](const std::string& zone, const net::IpAddress& ip) {
    servers.insert(zone + " " + ip.to_string());
  };
  ZoneQuestions questions(domain(), learned, options);
  const auto served = [](const std::string& zone) {
    return Records{record(RrType::kNs, dns::NameData{"ns.z.test"}, zone)};
  };
  const Zone zone = {
      {"NS z.test", served("z.test")},
      {"NS sub.z.test", served("sub.z.test")},
      {"A ns.z.test",
       {record(RrType::kA, net::IpAddress::v4(0x7f000001), "ns.z.test"),
        record(RrType::kA, net::IpAddress::v4(0x7f000002), "ns.z.test")}},
      {"AAAA ns.z.test",
       {record(RrType::kAaaa, net::IpAddress::parse("::1").value(), "ns.z.test")}},
  };
  run(questions, zone);
  CHECK(servers == std::set<std::string>{"z.test 127.0.0.1", "z.test 127.0.0.2", "z.test ::1"});
  Candidate candidate;
  candidate.name = "sub.z.test";
  model::Hostname found;
  found.hostname = "sub.z.test";
  questions.found(candidate, found);
  run(questions, zone);
  CHECK(servers.contains("sub.z.test 127.0.0.1"));
  CHECK(servers.contains("sub.z.test 127.0.0.2"));
  CHECK(questions.counts().zones == 2);
}

TEST_CASE("enumerate/zone_questions: a walk that leads through a zone that is walked too") {
  Learned learned(domain());
  ZoneQuestions questions(domain(), learned, {.nsec = true});
  const auto next = [](const std::string& owner, const std::string& name) {
    return Records{record(RrType::kNsec, nsec(name), owner)};
  };
  // sub.z.test is a zone of its own; whoever asks for its NSEC record gets its own.
  const Zone zone = {
      {"NS z.test", {record(RrType::kNs, dns::NameData{"ns.other.test"}, "z.test")}},
      {"NS sub.z.test", {record(RrType::kNs, dns::NameData{"ns.other.test"}, "sub.z.test")}},
      {"NSEC z.test", next("z.test", "sub.z.test")},
      {"NSEC sub.z.test", next("sub.z.test", "a.sub.z.test")},
      {"NSEC a.sub.z.test", next("a.sub.z.test", "sub.z.test")},
      {"NSEC sub-0.z.test", next("sub.z.test", "z.test")},
  };
  Candidate candidate;
  candidate.name = "sub.z.test";
  candidate.source = "zone";
  candidate.question = RrType::kNs;
  model::Hostname found;
  found.hostname = "sub.z.test";
  questions.found(candidate, found);  // both walks are under way at once
  run(questions, zone);
  CHECK(learned_by(learned) == std::set<std::string>{"nsec a.sub.z.test", "nsec sub.z.test"});
  CHECK(questions.counts().zones == 2);
  CHECK(questions.counts().walked == 2);
  CHECK(questions.counts().walks_ended == 0);
}

TEST_CASE("enumerate/zone_questions: a zone without a chain is asked whether it hides its names") {
  Learned learned(domain());
  ZoneQuestions questions(domain(), learned, {.services = true, .nsec = true});
  const Zone zone = {
      {"NSEC z.test", {}},
      {"TYPE51 z.test", {record(static_cast<RrType>(51), dns::RawData{"\1"}, "z.test")}},
      {"SRV _sip._tcp.z.test",
       {record(RrType::kSrv, dns::Srv{1, 1, 5060, "pbx.z.test"}, "_sip._tcp.z.test")}},
  };
  const auto asked = run(questions, zone);
  CHECK(std::count(asked.begin(), asked.end(), "TYPE51 z.test") == 1);
  CHECK(questions.counts().nsec3 == 1);
  CHECK(learned_by(learned) == std::set<std::string>{"srv pbx.z.test"});
}

TEST_CASE("enumerate/zone_questions: a walk that was killed goes on where it was") {
  const auto folder = TempDirectory::create("/tmp").value();
  const std::string path = folder.path() + "/walks";
  Zone zone;
  std::string owner = "z.test";
  for (const char* label : {"a", "b", "c", "d", "e"}) {
    const std::string name = std::string(label) + ".z.test";
    zone["NSEC " + owner] = {record(RrType::kNsec, nsec(name), owner)};
    owner = name;
  }
  const auto walk = [&](bool go_on, const Zone& answers) {
    Learned learned(domain());
    ZoneQuestions questions(domain(), learned, {.nsec = true});
    auto log = WalkLog::open(path, go_on).value();
    questions.remember(*log);
    const auto asked = run(questions, answers);
    REQUIRE(log->save().ok());
    const auto walked = std::count_if(asked.begin(), asked.end(), [](const std::string& what) {
      return what.starts_with("NSEC ");
    });
    return std::pair(learned_by(learned), walked);
  };
  Zone half = zone;
  half.erase("NSEC c.z.test");
  CHECK(walk(false, half).first ==
        std::set<std::string>{"nsec a.z.test", "nsec b.z.test", "nsec c.z.test"});
  // A kill in the middle of a line.
  std::ofstream(path, std::ios::app) << "z.test d.z.te";
  zone["NSEC e.z.test"] = {record(RrType::kNsec, nsec("z.test"), "e.z.test")};
  const auto [names, walked] = walk(true, zone);
  CHECK(names == std::set<std::string>{"nsec a.z.test", "nsec b.z.test", "nsec c.z.test",
                                       "nsec d.z.test", "nsec e.z.test"});
  CHECK(walked == 4);  // z.test, c, d, e
  // A run that begins anew knows nothing of it.
  CHECK(walk(false, {}).first.empty());
  CHECK(WalkLog::open(path, true).value()->take("z.test").empty());
}
