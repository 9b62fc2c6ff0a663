/// Tried: the names that ended in a run, in a file, so that a run that goes on after a kill does
/// not ask for them again. For candidates whose order is another one each time: those of passive
/// sources, of learning, recursion and permutations. (Words have model::Journal.)
///
/// The file holds eight bytes a name; it is read only to go on. finished() and save() may be called
/// by different threads; the rest before the engine runs.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/fd.h"
#include "enumerate/candidate_source.h"

namespace m8::enumerate {

/// Add it to the engine's sources: it gives nothing and hears of every end.
class Tried final : public CandidateSource {
 public:
  /// The file \p path; with \p go_on what it holds counts as tried, else it begins anew. kIo and
  /// the like.
  static Result<std::unique_ptr<Tried>> open(const std::string& path, bool go_on);

  /// Whether \p candidate came to its end in an earlier session. A name that somebody saw is not
  /// tried because a guess was.
  bool contains(const Candidate& candidate) const;
  /// Of an earlier session.
  std::size_t size() const { return known_.size(); }

  Result<Next> next(Candidate&) override { return Next::kEnd; }
  void finished(const Candidate& candidate, Verdict verdict) override;

  /// Writes what finished() heard of before this call, once \p flush has put the records that came
  /// of it into safety. Errors of \p flush (then it is kept for the next call) and of the file.
  Status save(const std::function<Status()>& flush);
  /// The run is done: the file goes.
  void remove();

 private:
  Tried(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  Status read();

  const std::string path_;
  Fd fd_;
  std::vector<std::uint64_t> known_;  ///< sorted
  std::mutex mutex_;
  std::vector<std::uint64_t> fresh_;  ///< guarded by mutex_
};

/// A source without what was tried before. Both are borrowed.
class Untried final : public CandidateSource {
 public:
  Untried(CandidateSource& inner, const Tried& tried) : inner_(inner), tried_(tried) {}

  Result<Next> next(Candidate& candidate) override;
  void on_more(std::function<void()> wake) override { inner_.on_more(std::move(wake)); }
  void forget_wake() override { inner_.forget_wake(); }
  void found(const Candidate& candidate, const model::Hostname& record) override {
    inner_.found(candidate, record);
  }
  void finished(const Candidate& candidate, Verdict verdict) override {
    inner_.finished(candidate, verdict);
  }
  void answered(const Candidate& candidate, const dns::Reply* reply) override {
    inner_.answered(candidate, reply);
  }
  std::uint64_t skipped() const { return skipped_; }

 private:
  CandidateSource& inner_;
  const Tried& tried_;
  std::uint64_t skipped_ = 0;
};

}  // namespace m8::enumerate
