#include "enumerate/candidate_source.h"

#include <algorithm>

namespace m8::enumerate {

ApexIndex::ApexIndex(const std::vector<net::Name>& apexes) {
  for (std::size_t i = 0; i < apexes.size(); ++i) by_name_.emplace(apexes[i].text(), i);
}

std::size_t ApexIndex::of(std::string_view name) const {
  for (;;) {
    if (const auto known = by_name_.find(name); known != by_name_.end()) return known->second;
    const auto dot = name.find('.');
    if (dot == name.npos) return size();
    name.remove_prefix(dot + 1);
  }
}

const char* to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFound:
      return "found";
    case Verdict::kRepeated:
      return "repeated";
    case Verdict::kDenied:
      return "denied";
    case Verdict::kEmpty:
      return "empty";
    case Verdict::kDangling:
      return "dangling";
    case Verdict::kWildcard:
      return "wildcard";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kOutOfScope:
      return "out-of-scope";
    case Verdict::kNotAsked:
      return "not-asked";
  }
  return "unknown";
}

Result<CandidateSource::Next> Merge::next(Candidate& candidate) {
  Next best = Next::kEnd;
  for (Entry& entry : sources_) {
    if (entry.ended) continue;
    candidate.ticket = 0;
    candidate.question.reset();
    auto next = entry.source().next(candidate);
    entry.ended = !next.ok() || *next == Next::kEnd;
    if (!next.ok() || *next == Next::kCandidate) return next;
    best = std::min(best, *next);
  }
  return best;
}

void Merge::on_more(std::function<void()> wake) {
  for (const Entry& entry : sources_) entry.source().on_more(wake);
}

void Merge::forget_wake() {
  for (const Entry& entry : sources_) entry.source().forget_wake();
}

void Merge::found(const Candidate& candidate, const model::Hostname& record) {
  for (const Entry& entry : sources_) entry.source().found(candidate, record);
}

void Merge::finished(const Candidate& candidate, Verdict verdict) {
  for (const Entry& entry : sources_) entry.source().finished(candidate, verdict);
}

void Merge::answered(const Candidate& candidate, const dns::Reply* reply) {
  for (const Entry& entry : sources_) entry.source().answered(candidate, reply);
}

}  // namespace m8::enumerate
