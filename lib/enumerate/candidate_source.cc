#include "enumerate/candidate_source.h"

#include <algorithm>

namespace m8::enumerate {

std::size_t apex_of(const std::vector<net::Name>& apexes, std::string_view name) {
  std::size_t best = apexes.size();
  for (std::size_t i = 0; i < apexes.size(); ++i) {
    const std::string& apex = apexes[i].text();
    const bool longer = best == apexes.size() || apex.size() > apexes[best].text().size();
    if (longer && net::name_is_inside(name, apex)) best = i;
  }
  return best;
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
