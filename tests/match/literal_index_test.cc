#include "match/literal_index.h"

#include <algorithm>
#include <random>
#include <set>

#include <doctest/doctest.h>

using namespace m8::match;

namespace {

std::set<std::uint32_t> found_in(const LiteralIndex& index, std::string_view text) {
  std::set<std::uint32_t> out;
  index.scan(text, [&](std::uint32_t number) { out.insert(number); });
  return out;
}

}  // namespace

TEST_CASE("match/literal_index: literals of every length, at both ends of the text") {
  LiteralIndex index;
  for (const char* literal : {"a", "bc", "def", "ghij", "klmnop", "ghijk"}) index.add(literal);
  index.build();
  CHECK(found_in(index, "") == std::set<std::uint32_t>{});
  CHECK(found_in(index, "ghi") == std::set<std::uint32_t>{});
  CHECK(found_in(index, "ghij") == std::set<std::uint32_t>{3});
  CHECK(found_in(index, "ghijklmnop") == std::set<std::uint32_t>{3, 4, 5});
  CHECK(found_in(index, "xdefbca") == std::set<std::uint32_t>{0, 1, 2});
  CHECK(found_in(index, "klmno") == std::set<std::uint32_t>{});
}

TEST_CASE("match/literal_index: an empty index finds nothing") {
  LiteralIndex index;
  index.build();
  CHECK(found_in(index, "anything at all").empty());
}

TEST_CASE("match/literal_index: it finds what a search for each literal finds") {
  std::mt19937 random(7);
  const auto text_of = [&](std::size_t size) {
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int round = 0; round < 50; ++round) {
    LiteralIndex index;
    std::vector<std::string> literals;
    for (int i = 0; i < 200; ++i) {
      literals.push_back(text_of(1 + random() % 9));
      index.add(literals.back());
    }
    index.build();
    const std::string text = text_of(300);
    std::set<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < literals.size(); ++i)
      if (text.find(literals[i]) != std::string::npos) expected.insert(i);
    REQUIRE(found_in(index, text) == expected);
  }
}
