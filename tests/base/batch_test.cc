#include "base/batch.h"

#include <doctest/doctest.h>

using namespace m8;

TEST_CASE("base/batch: full by count or by bytes, whichever is first, and never empty") {
  struct Row {
    std::size_t records, bytes, batches;
    bool full;
  };
  const BatchLimits limits{3, 1000};
  const Row rows[] = {{0, 0, 1, false},    {0, 5000, 1, false}, {2, 999, 1, false},
                      {3, 1, 1, true},     {1, 1000, 1, true},  {4, 5000, 1, true},
                      {5, 1999, 2, false}, {6, 1, 2, true},     {1, 2000, 2, true}};
  for (const Row& row : rows) {
    CAPTURE(row.records);
    CAPTURE(row.bytes);
    CHECK(limits.reached(row.records, row.bytes, row.batches) == row.full);
  }
}

TEST_CASE("base/batch: what could not be processed is named") {
  CHECK(batch_status({}).ok());
  const Status failed = batch_status(Error{ErrorCode::kExhausted, "disk full"});
  CHECK(failed.error().message == "failed to process batch: disk full");
  CHECK(failed.error().code == ErrorCode::kExhausted);
}
