#include <doctest/doctest.h>

#include "base/subprocess.h"
#include "fleet/autoscale.h"
#include "fleet/narrow.h"
#include "fleet/process_name.h"

using namespace m8;
using fleet::Scale;
using fleet::ScaleBounds;

TEST_CASE("fleet/autoscale: bounds") {
  CHECK(ScaleBounds::parse("2..8")->most == 8);
  CHECK(ScaleBounds::parse("3")->least == 3);
  CHECK(ScaleBounds::parse("0..4")->least == 0);
  for (const char* bad : {"", "8..2", "a..b", "1..", "..3", "0", "-1..2", "1..9999"}) {
    CAPTURE(bad);
    CHECK_FALSE(ScaleBounds::parse(bad).ok());
  }
}

TEST_CASE("fleet/autoscale: each worker has files of its own") {
  CHECK(fleet::path_of_worker("/x/page.prom", 2) == "/x/page-2.prom");
  CHECK(fleet::path_of_worker("page", 11) == "page-11");
  CHECK(fleet::path_of_worker("", 1).empty());
}

TEST_CASE("fleet/autoscale: grows at once with what waits, within the bounds") {
  Scale scale({1, 5}, 2);
  CHECK(scale.wanted(0, 0, 0) == 1);
  CHECK(scale.wanted(1, 0, 1) >= 1);
  CHECK(scale.wanted(100, 2, 2) == 5);
}

TEST_CASE("fleet/autoscale: a rising queue brings workers before it is long") {
  Scale steady({0, 100}, 1), rising({0, 100}, 1);
  for (int i = 0; i < 5; ++i) {
    steady.wanted(10, 0, i);
    rising.wanted(static_cast<std::uint64_t>(2 + 2 * i), 0, i);
  }
  CHECK(rising.current() > steady.current());
}

TEST_CASE("fleet/autoscale: shrinks one at a time, after a while without need") {
  Scale scale({0, 4}, 1);
  CHECK(scale.wanted(4, 0, 0) == 4);
  CHECK(scale.wanted(0, 0, 1) == 4);
  CHECK(scale.wanted(0, 0, 5) == 4);
  CHECK(scale.wanted(0, 0, 11) == 3);
  CHECK(scale.wanted(0, 0, 12) == 3);
  CHECK(scale.wanted(0, 4, 13) == 4);
  CHECK(scale.wanted(0, 0, 14) == 4);
  for (int i = 24; i < 100; i += 10) scale.wanted(0, 0, i);
  CHECK(scale.current() == 0);
}

TEST_CASE("fleet/narrow: what both scopes allow") {
  const auto narrow = [](const char* one, const char* other) {
    const auto text = fleet::narrow_scope(one, other);
    REQUIRE(text.ok());
    return *text;
  };
  CHECK(narrow("a.test\n", "") == "a.test\n");
  CHECK(narrow("a.test\nb.test", "x.a.test\n# c\n") == "x.a.test\n");
  CHECK(narrow("a.test", "b.test") == "nothing.invalid\n");
  CHECK(narrow("10.0.0.0/8", "10.1.0.0/16\n11.0.0.1") == "10.1.0.0/16\n");
  CHECK(narrow("10.1.0.0/16", "10.0.0.0/8\n") == "10.1.0.0/16\n");
  CHECK(narrow("10.0.0.1", "10.0.0.0/8") == "10.0.0.1\n");
  CHECK(narrow("http://a.test/in", "a.test") == "http://a.test/in\n");
  CHECK(narrow("a.test\n!x.a.test", "!y.a.test") == "a.test\n!x.a.test\n!y.a.test\n");
  CHECK_FALSE(fleet::narrow_scope("no rule!", "").ok());
}

TEST_CASE("fleet/process_name: a neighbour that is gone is known to be") {
  const std::string own = fleet::own_process_name();
  CHECK_FALSE(fleet::is_known_dead(own));
  CHECK_FALSE(fleet::is_known_dead(""));
  CHECK_FALSE(fleet::is_known_dead("elsewhere 1 2"));
  // Its number was given to another process.
  CHECK(fleet::is_known_dead(own + "0"));
}
