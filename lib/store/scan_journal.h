/// ScanJournal: the journal of a scan, and its text in the store. Its size depends on what is under
/// way, not on what was done.
///
/// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "model/scan_journal.h"
#include "store/kept_journal.h"
#include "store/run_journal.h"

namespace m8::store {

class ScanJournal final : public model::ScanJournal, public KeptJournal {
 public:
  std::shared_ptr<model::Journal> begin(std::uint64_t number) override;
  void finished(std::uint64_t number) override;

  Status restore(std::string_view text) override;
  /// The journal of the targets, then "; NUMBER JOURNAL" for each that is under way.
  std::string text() const override;
  std::uint64_t changes() const override;

 private:
  mutable std::mutex mutex_;
  RunJournal targets_;
  std::map<std::uint64_t, std::shared_ptr<RunJournal>> open_;  ///< shared with who works on it
  std::uint64_t changes_ = 0;                                  ///< of those that are finished
};

}  // namespace m8::store
