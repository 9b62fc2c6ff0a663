#include "store/scan_journal.h"

#include <charconv>

namespace m8::store {

std::shared_ptr<model::Journal> ScanJournal::begin(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  if (!targets_.begin(number)) return nullptr;
  auto& journal = open_[number];
  if (!journal) journal = std::make_shared<RunJournal>();
  return journal;
}

void ScanJournal::finished(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  targets_.finished(number);
  const auto found = open_.find(number);
  if (found == open_.end()) return;
  changes_ += found->second->changes() + 1;
  open_.erase(found);
}

Status ScanJournal::restore(std::string_view text) {
  const std::lock_guard lock(mutex_);
  std::size_t end = std::min(text.find(';'), text.size());
  M8_TRY(targets_.restore(text.substr(0, end)));
  while (end < text.size()) {
    text.remove_prefix(end + 1);
    end = std::min(text.find(';'), text.size());
    const std::string_view entry = text.substr(0, end);
    std::uint64_t number = 0;
    const auto [stop, error] = std::from_chars(entry.data(), entry.data() + entry.size(), number);
    if (error != std::errc() || stop == entry.data() + entry.size() || *stop != ' ')
      return Error{ErrorCode::kCorrupt, "the journal of the scan can't be read"};
    auto journal = std::make_shared<RunJournal>();
    M8_TRY(journal->restore(entry.substr(static_cast<std::size_t>(stop - entry.data()) + 1)));
    open_[number] = std::move(journal);
  }
  return {};
}

std::string ScanJournal::text() const {
  const std::lock_guard lock(mutex_);
  std::string out = targets_.text();
  for (const auto& [number, journal] : open_)
    out += ";" + std::to_string(number) + " " + journal->text();
  return out;
}

std::uint64_t ScanJournal::changes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = changes_ + targets_.changes();
  for (const auto& [number, journal] : open_) sum += journal->changes();
  return sum;
}

}  // namespace m8::store
