// Answers of zones on any bytes: zone transfers, NSEC chains, and records that mention names.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "enumerate/nsec_walk.h"
#include "enumerate/zone_questions.h"
#include "enumerate/zone_transfers.h"

namespace {

using namespace m8;
using namespace m8::enumerate;

/// What the resolver hands on: well-formed up to the end of the answers.
bool as_reply(dns::Bytes message, dns::Reply& reply) {
  if (!dns::read_header(message, reply.header) || reply.header.questions > 1) return false;
  std::size_t at = dns::kHeaderBytes;
  if (reply.header.questions == 1) {
    if (!dns::skip_name(message, at) || message.size() < at + 4) return false;
    at += 4;
  }
  reply.fate = dns::Fate::kAnswered;
  reply.message = message;
  reply.answers_at = at;
  dns::RecordCursor records = reply.answers();
  for (dns::RecordView record; records.next(record);) {
  }
  return !records.bad();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = std::as_bytes(std::span(data, size));
  int soas = 0;
  std::uint64_t owners = 0;
  const auto records = read_transfer(message, soas, [&owners](std::string_view) { ++owners; });
  if (records.ok() && *records != owners) std::abort();

  dns::Reply reply;
  if (!as_reply(message, reply)) return 0;
  NsecWalk walk("z.test", 8);
  for (int i = 0; i < 4; ++i) (void)walk.take(&reply, [](const std::string&) {});
  if (walk.names() > 8) std::abort();

  const std::vector<net::Name> domains{net::Name::trusted("z.test")};
  Learned learned(domains, 1000);
  ZoneQuestions zones(domains, learned,
                      {.services = true,
                       .nsec = true,
                       .mentions = true,
                       .server = [](const std::string&, const net::IpAddress&) {}});
  Candidate candidate;
  for (int i = 0; i < 200; ++i) {
    const auto next = zones.next(candidate);
    if (!next.ok() || *next != CandidateSource::Next::kCandidate) break;
    zones.answered(candidate, &reply);
  }
  while (*learned.next(candidate) == CandidateSource::Next::kCandidate) {
    if (!net::name_is_inside(candidate.name, "z.test")) std::abort();
  }
  return 0;
}
