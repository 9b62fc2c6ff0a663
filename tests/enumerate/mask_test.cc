#include "enumerate/mask.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::enumerate;

TEST_CASE("enumerate/mask: every value once, the last place turning fastest") {
  Mask mask = Mask::parse("v?d-?l").value();
  CHECK(mask.size() == 260);
  std::string value;
  std::vector<std::string> values;
  while (mask.next(value)) values.push_back(value);
  REQUIRE(values.size() == 260);
  CHECK(values[0] == "v0-a");
  CHECK(values[1] == "v0-b");
  CHECK(values[26] == "v1-a");
  CHECK(values[259] == "v9-z");
  CHECK(mask.next(value));  // and anew
  CHECK(value == "v0-a");
}

TEST_CASE("enumerate/mask: sizes that no counter holds stop at 2^63") {
  CHECK(Mask::parse("?a?a?a?a?a?a?a?a?a?a?a?a?a?a").value().size() == std::uint64_t{1} << 63);
  CHECK(Mask::parse("??").value().size() == 1);
}

TEST_CASE("enumerate/mask: what is no mask says why") {
  CHECK(Mask::parse("").error().message == "empty");
  CHECK(Mask::parse("a?u").error().message == "?u: not one of ?d ?l ?a ?h ??");
  CHECK(Mask::parse("a?").error().message == "a mask can't end with one '?'");
  CHECK(Mask::parse(std::string(254, 'a')).error().message == "longer than a name");
}

TEST_CASE("enumerate/mask: several masks are words, one after the other") {
  std::vector<Mask> masks;
  masks.push_back(Mask::parse("a?d").value());
  masks.push_back(Mask::parse("b?d").value());
  MaskWords words(std::move(masks));
  CHECK(words.size() == 20);
  std::vector<std::string> values;
  for (;;) {
    const auto word = words.next().value();
    if (!word) break;
    values.emplace_back(*word);
  }
  REQUIRE(values.size() == 20);
  CHECK(values[9] == "a9");
  CHECK(values[10] == "b0");
}
