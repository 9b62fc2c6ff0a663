/// Journaled: a source whose candidates come in the same order each time, without those that the
/// journal of an earlier session names as finished.
#pragma once

#include <cstdint>

#include "enumerate/candidate_source.h"
#include "model/journal.h"

namespace m8::enumerate {

/// At most one in an engine: the tickets of its candidates are its own.
class Journaled final : public CandidateSource {
 public:
  /// Both are borrowed.
  Journaled(CandidateSource& inner, model::Journal& journal) : inner_(inner), journal_(journal) {}

  Result<Next> next(Candidate& candidate) override;
  void on_more(std::function<void()> wake) override { inner_.on_more(std::move(wake)); }
  void forget_wake() override { inner_.forget_wake(); }
  void found(const Candidate& candidate, const model::Hostname& record) override {
    inner_.found(candidate, record);
  }
  void finished(const Candidate& candidate, Verdict verdict) override;
  void answered(const Candidate& candidate, const dns::Reply* reply) override {
    inner_.answered(candidate, reply);
  }

  /// Candidates passed over because an earlier session finished them.
  std::uint64_t skipped() const { return skipped_; }

 private:
  CandidateSource& inner_;
  model::Journal& journal_;
  std::uint64_t next_ = 0, skipped_ = 0;
};

}  // namespace m8::enumerate
