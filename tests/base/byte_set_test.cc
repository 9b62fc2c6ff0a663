#include "base/byte_set.h"

#include <doctest/doctest.h>

namespace {

using m8::ByteSet;

TEST_CASE("base/byte_set: a set of bytes knows its members, those above 127 too") {
  constexpr ByteSet set = ByteSet::alphanumeric_and("-\xff").without("z");
  std::size_t members = 0;
  for (int byte = 0; byte < 256; ++byte) members += set.has(static_cast<char>(byte)) ? 1 : 0;
  CHECK(members == 10 + 26 + 25 + 2);
  for (const char c : {'0', '9', 'A', 'Z', 'a', 'y', '-', '\xff'}) CHECK(set.has(c));
  for (const char c : {'/', ':', '@', '[', '`', 'z', '{', '\0', '\xfe'}) CHECK_FALSE(set.has(c));
}

TEST_CASE("base/byte_set: ranges include both ends, also the last byte") {
  constexpr ByteSet set = ByteSet().with_range(0x20, 0xff);
  CHECK(set.has(' '));
  CHECK(set.has('\xff'));
  CHECK_FALSE(set.has('\x1f'));
}

TEST_CASE("base/byte_set: a text is skipped up to the first byte that is no member") {
  constexpr ByteSet digits("0123456789");
  CHECK(digits.skip("12x3", 0) == 2);
  CHECK(digits.skip("12x3", 3) == 4);
  CHECK(digits.has_all(""));
  CHECK_FALSE(digits.has_all("1 "));
}

}  // namespace
