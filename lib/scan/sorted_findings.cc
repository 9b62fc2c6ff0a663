#include "scan/sorted_findings.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace m8::scan {

void sort_findings(std::vector<model::Finding>& findings) {
  const auto key = [](const model::Finding& finding) {
    return std::tie(finding.info->id, finding.matched_at, finding.matcher_name,
                    finding.extractor_name, finding.extracted_results, finding.request);
  };
  std::stable_sort(
      findings.begin(), findings.end(),
      [&](const model::Finding& a, const model::Finding& b) { return key(a) < key(b); });
}

void SortedFindings::add(std::uint64_t number, std::vector<model::Finding> findings) {
  sort_findings(findings);
  held_.emplace(number, std::move(findings));
  while (!held_.empty() && held_.begin()->first <= next_) {
    next_ = std::max(next_, held_.begin()->first + 1);
    give_out(std::move(held_.extract(held_.begin()).mapped()));
  }
}

void SortedFindings::flush() {
  while (!held_.empty()) give_out(std::move(held_.extract(held_.begin()).mapped()));
}

void SortedFindings::give_out(std::vector<model::Finding> findings) {
  for (model::Finding& finding : findings) out_(std::move(finding));
}

}  // namespace m8::scan
