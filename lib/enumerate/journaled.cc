#include "enumerate/journaled.h"

namespace m8::enumerate {

Result<CandidateSource::Next> Journaled::next(Candidate& candidate) {
  for (;;) {
    const Next next = M8_TRY(inner_.next(candidate));
    if (next != Next::kCandidate) return next;
    const std::uint64_t number = next_++;
    candidate.ticket = number + 1;
    if (journal_.begin(number)) return next;
    ++skipped_;
  }
}

void Journaled::finished(const Candidate& candidate, Verdict verdict) {
  inner_.finished(candidate, verdict);
  if (candidate.ticket == 0) return;
  const std::uint64_t number = candidate.ticket - 1;
  if (verdict == Verdict::kFailed) return journal_.failed(number);
  journal_.finished(number);
}

}  // namespace m8::enumerate
