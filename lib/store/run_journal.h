/// RunJournal: the journal of a run, and its text in the store.
///
/// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/journal.h"
#include "store/kept_journal.h"

namespace m8::store {

class RunJournal final : public model::Journal, public KeptJournal {
 public:
  /// Pieces without a result that are remembered; what fails beyond counts as finished.
  static constexpr std::size_t kMostFailed = 50'000;

  Status restore(std::string_view text) override;

  bool begin(std::uint64_t number) override;
  void finished(std::uint64_t number) override { end(number, false); }
  void failed(std::uint64_t number) override { end(number, true); }

  /// "1 NEXT OPEN...": the version of this form, the next number, and the numbers below it that are
  /// not finished, the first as it is, each other as its distance to the one before.
  std::string text() const override;
  std::uint64_t changes() const override;

 private:
  void end(std::uint64_t number, bool failed);

  mutable std::mutex mutex_;
  std::uint64_t resume_ = 0;      ///< the earlier session's next number
  std::set<std::uint64_t> left_;  ///< below resume_: not finished then, and not now
  std::uint64_t low_ = 0;         ///< everything from resume_ to here has ended
  std::deque<bool> ended_;        ///< of low_ and the numbers behind it
  std::set<std::uint64_t> failed_;
  std::uint64_t changes_ = 0;
};

}  // namespace m8::store
