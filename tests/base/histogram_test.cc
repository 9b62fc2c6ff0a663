#include "base/histogram.h"

#include <doctest/doctest.h>

using namespace m8;

TEST_CASE("base/histogram: quantiles are right within 3 per cent") {
  Histogram h;
  for (std::uint64_t v = 1; v <= 100'000; ++v) h.record(v);
  CHECK(h.count() == 100'000);
  CHECK(h.min() == 1);
  CHECK(h.max() == 100'000);
  CHECK(h.mean() == doctest::Approx(50'000.5));
  for (const double q : {0.01, 0.5, 0.9, 0.99}) {
    CAPTURE(q);
    CHECK(static_cast<double>(h.quantile(q)) == doctest::Approx(q * 100'000).epsilon(0.035));
  }
  CHECK(h.quantile(1) == 100'000);
}

TEST_CASE("base/histogram: extremes, merge and emptiness") {
  Histogram a, b;
  CHECK(a.quantile(0.5) == 0);
  a.record(0);
  b.record(~0ull);
  a.merge(b);
  CHECK(a.count() == 2);
  CHECK(a.quantile(0) == 0);
  CHECK(a.max() == ~0ull);
}
