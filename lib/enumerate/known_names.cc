#include "enumerate/known_names.h"

#include <iterator>
#include <utility>

namespace m8::enumerate {
namespace {

constexpr std::size_t kPage = 1000;
constexpr int kDenials = 2;

}  // namespace

Result<bool> KnownNames::read_page() {
  while (page_.empty() && apex_ < apexes_.size()) {
    auto page = M8_TRY(inventory_.known(apexes_[apex_].text(), after_, kPage));
    if (page.empty()) {
      ++apex_;
      after_.clear();
      continue;
    }
    after_ = page.back().hostname;
    page_.assign(std::make_move_iterator(page.begin()), std::make_move_iterator(page.end()));
  }
  return !page_.empty();
}

void KnownNames::give(const std::string& name, const Name& known, Candidate& candidate) {
  candidate.name = name;
  candidate.apex = known.apex;
  candidate.guess = false;
  candidate.source = known.source;
}

Result<CandidateSource::Next> KnownNames::next(Candidate& candidate) {
  while (!again_.empty()) {
    const std::string name = std::move(again_.front());
    again_.pop_front();
    const auto known = under_way_.find(name);
    if (known == under_way_.end()) continue;  // another source has proven it meanwhile
    give(name, known->second, candidate);
    return Next::kCandidate;
  }
  while (M8_TRY(read_page())) {
    model::Hostname record = std::move(page_.front());
    page_.pop_front();
    Name known{apex_, record.sources.empty() ? "inventory" : record.sources.front(), record.live};
    const auto [entry, added] = under_way_.emplace(std::move(record.hostname), std::move(known));
    if (!added) continue;
    ++asked_;
    give(entry->first, entry->second, candidate);
    return Next::kCandidate;
  }
  return under_way_.empty() ? Next::kEnd : Next::kNeedsFinds;
}

void KnownNames::finished(const Candidate& candidate, Verdict verdict) {
  const auto known = under_way_.find(candidate.name);
  if (known == under_way_.end()) return;
  switch (verdict) {
    case Verdict::kDenied:
    case Verdict::kEmpty:
    case Verdict::kDangling:
      return denied(known);
    default:
      under_way_.erase(known);
  }
}

void KnownNames::denied(Names::iterator name) {
  Name& known = name->second;
  if (known.live && ++known.denials < kDenials) {
    again_.push_back(name->first);
    return;
  }
  if (known.live) {
    model::Hostname record;
    record.domain = apexes_[known.apex].text();
    record.hostname = name->first;
    record.live = false;
    record.last_seen = clock_.wall();
    if (const Status kept = sink_.hostname(record); !kept.ok() && sink_status_.ok()) {
      sink_status_ = kept;
    }
    ++gone_;
  }
  under_way_.erase(name);
}

}  // namespace m8::enumerate
