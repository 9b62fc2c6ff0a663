#include "base/recycled.h"

#include <memory>
#include <vector>

#include <doctest/doctest.h>

using namespace m8;

namespace {

struct Large : Recycled<Large> {
  virtual ~Large() = default;
  char bytes[2000] = {};
};

struct Larger final : Large {
  char more[2000] = {};
};

}  // namespace

#ifndef M8_SANITIZED  // nothing is kept there
TEST_CASE("base/recycled: the next object lies where the last one was") {
  auto first = std::make_unique<Large>();
  const void* const place = first.get();
  first.reset();
  const auto second = std::make_unique<Large>();
  CHECK(second.get() == place);
}
#endif

TEST_CASE("base/recycled: more objects than are kept, and larger ones") {
  for (int round = 0; round < 2; ++round) {
    std::vector<std::unique_ptr<Large>> objects;
    for (int i = 0; i < 200; ++i) {
      objects.push_back(std::make_unique<Large>());
      objects.push_back(std::make_unique<Larger>());
      CHECK(objects.back()->bytes[1999] == 0);
    }
  }
}
