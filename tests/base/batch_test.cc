#include "base/batch.h"

#include <doctest/doctest.h>

using namespace m8;

namespace {

/// A batcher of texts that keeps the sizes of the batches it gave on.
struct Collector {
  explicit Collector(BatchLimits limits)
      : batcher(limits, [this](std::vector<std::string>& batch) -> Status {
          if (!answer.ok()) return answer;
          sizes.push_back(batch.size());
          return {};
        }) {}
  Status answer;
  std::vector<std::size_t> sizes;
  Batcher<std::string> batcher;
};

}  // namespace

TEST_CASE(
    "base/batch: given on by count or by bytes, whichever is first, and the rest at the end") {
  struct Row {
    BatchLimits limits;
    std::size_t text;
    int records;
    std::vector<std::size_t> sizes;
  };
  const std::size_t big = 1000, cost = bytes_of(std::string(big, 'x'));
  const Row rows[] = {{{3, 1u << 20}, 1, 7, {3, 3, 1}},     {{3, 1u << 20}, 1, 6, {3, 3}},
                      {{100, 2 * cost}, big, 5, {2, 2, 1}}, {{1, 1}, 1, 2, {1, 1}},
                      {{100, 1}, big, 2, {1, 1}},           {{10, 10}, 1, 0, {}}};
  for (const Row& row : rows) {
    Collector collector(row.limits);
    for (int i = 0; i < row.records; ++i)
      REQUIRE(collector.batcher.add(std::string(row.text, 'x')).ok());
    REQUIRE(collector.batcher.flush().ok());
    CHECK(collector.sizes == row.sizes);
    CHECK(collector.batcher.records() == 0);
    CHECK(collector.batcher.bytes() == 0);
    CHECK(collector.batcher.batches() == row.sizes.size());
  }
}

TEST_CASE("base/batch: bytes are counted for each record and again from nothing") {
  Collector collector({1000, 1u << 20});
  const std::string text(100, 'x');
  for (std::size_t i = 1; i <= 5; ++i) {
    REQUIRE(collector.batcher.add(text).ok());
    CHECK(collector.batcher.bytes() == i * bytes_of(text));
  }
  REQUIRE(collector.batcher.flush().ok());
  REQUIRE(collector.batcher.add(text).ok());
  CHECK(collector.batcher.bytes() == bytes_of(text));
}

TEST_CASE("base/batch: what could not be processed is named, kept and tried again") {
  Collector collector({2, 1u << 20});
  collector.answer = Error{ErrorCode::kExhausted, "disk full"};
  REQUIRE(collector.batcher.add("a").ok());
  const Status failed = collector.batcher.add("b");
  REQUIRE(!failed.ok());
  CHECK(failed.error().message == "failed to process batch: disk full");
  CHECK(failed.error().code == ErrorCode::kExhausted);
  CHECK(collector.batcher.records() == 2);
  collector.answer = {};
  REQUIRE(collector.batcher.flush().ok());
  CHECK(collector.sizes == std::vector<std::size_t>{2});
}
