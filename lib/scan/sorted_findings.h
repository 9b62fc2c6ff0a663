/// SortedFindings: the findings of a scan in an order that does not depend on who answers first:
/// that of the targets in the input, and on one target by template and place.
///
/// Holds what is found on a target until all targets before it are over. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "model/finding.h"

namespace m8::scan {

/// By template id, place, names, extracted values and request.
void sort_findings(std::vector<model::Finding>& findings);

class SortedFindings {
 public:
  using Out = std::function<void(model::Finding)>;

  /// \p first: number of the first target to come.
  SortedFindings(std::uint64_t first, Out out) : next_(first), out_(std::move(out)) {}

  /// Target \p number is over. Gives out what is complete up to the first target that is not.
  void add(std::uint64_t number, std::vector<model::Finding> findings);
  /// Gives out what is left, in order: targets that are not over will not be.
  void flush();
  /// Targets that are over and wait for one before them.
  std::size_t waiting() const { return held_.size(); }

 private:
  void give_out(std::vector<model::Finding> findings);

  std::uint64_t next_;
  std::map<std::uint64_t, std::vector<model::Finding>> held_;
  Out out_;
};

}  // namespace m8::scan
