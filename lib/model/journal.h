/// Journal: which pieces of a run's work are finished, so that the run can go on after it was
/// killed. store/ implements it.
///
/// Work comes in an order that is the same each time: its pieces are numbered from 0. What is kept
/// is the next number and the few below it that are not finished, so its size does not depend on
/// how much was done.
#pragma once

#include <cstdint>

namespace m8::model {

class Journal {
 public:
  virtual ~Journal() = default;
  /// False if the piece \p number, the next one in order, was finished before: skip it. After true
  /// finished() or failed() must be called, once everything that came of it was given to the sink.
  virtual bool begin(std::uint64_t number) = 0;
  virtual void finished(std::uint64_t number) = 0;
  /// It ended without a result: a run that goes on tries it again.
  virtual void failed(std::uint64_t number) = 0;
};

}  // namespace m8::model
