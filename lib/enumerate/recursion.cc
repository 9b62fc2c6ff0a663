#include "enumerate/recursion.h"

#include <algorithm>

#include "dns/answer.h"

namespace m8::enumerate {
namespace {

std::ptrdiff_t dots(std::string_view name) { return std::count(name.begin(), name.end(), '.'); }

}  // namespace

void Recursion::add(std::string_view zone, std::size_t apex) {
  const std::string& domain = apexes_[apex].text();
  const bool below = zone.size() > domain.size();
  if (!below || dots(zone) - dots(domain) > options_.depth) return;
  if (known_.size() >= options_.most_zones || known_.contains(zone)) return;
  known_.emplace(zone);
  waiting_.push_back({std::string(zone), apex});
}

void Recursion::found(const Candidate& candidate, const model::Hostname& record) {
  std::string_view above = record.hostname;
  const std::size_t domain = apexes_[candidate.apex].text().size();
  while (above.size() > domain) {
    above.remove_prefix(above.find('.') + 1);
    add(above, candidate.apex);
  }
}

void Recursion::answered(const Candidate& candidate, const dns::Reply* reply) {
  if (candidate.question != dns::RrType::kNs || reply == nullptr) return;
  dns::AnswerValues values;
  values.add(reply->message, dns::RrType::kNs);
  if (values.has(dns::RrType::kNs) && !values.has(dns::RrType::kCname))
    add(candidate.name, candidate.apex);
}

Result<CandidateSource::Next> Recursion::next(Candidate& candidate) {
  for (;;) {
    if (words_) {
      const Next next = M8_TRY(words_->next(candidate));
      candidate.apex = apex_;
      if (next == Next::kCandidate) return next;
      words_.reset();
    }
    if (waiting_.empty()) return Next::kNeedsFinds;
    const Zone zone = std::move(waiting_.front());
    waiting_.pop_front();
    apex_ = zone.apex;
    words_ = std::make_unique<BruteForce>(std::vector{net::Name::trusted(zone.name)},
                                          M8_TRY(open_()), "recursion");
    ++zones_;
  }
}

}  // namespace m8::enumerate
