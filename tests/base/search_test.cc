#include "base/search.h"

#include <random>
#include <string>

#include <doctest/doctest.h>

using namespace m8;

namespace {

std::string lowered(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return text;
}

std::string drawn(std::mt19937& random, std::size_t size, std::string_view letters) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += letters[random() % letters.size()];
  return out;
}

}  // namespace

TEST_CASE("base/search: the first occurrence, as std::string finds it") {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = drawn(random, random() % 90, "aAbB@`\xc5");
    const std::string needle = drawn(random, random() % 5, "aAb@`\xc5");
    CAPTURE(text);
    CAPTURE(needle);
    CHECK(find_bytes(text, needle) == text.find(needle));
    CHECK(find_folded(text, lowered(needle)) == lowered(text).find(lowered(needle)));
  }
}

TEST_CASE("base/search: long needles in texts that are made to be slow") {
  const std::string text(4'000'000, 'A');
  const std::string needle = std::string(2'000'000, 'a') + 'b';
  CHECK(find_folded(text, needle) == std::string::npos);
  CHECK(find_folded(text + "B", needle) == 2'000'000);
  CHECK(find_bytes(lowered(text), needle) == std::string::npos);
}

TEST_CASE("base/search: at the edges of the blocks that are looked at together") {
  for (std::size_t size = 1; size < 70; ++size) {
    for (std::size_t at = 0; at + 3 <= size; ++at) {
      std::string text(size, '.');
      text.replace(at, 3, "XyZ");
      CHECK(find_bytes(text, "XyZ") == at);
      CHECK(find_bytes(text, "xyz") == std::string_view::npos);
      CHECK(find_folded(text, "xyz") == at);
    }
  }
}

TEST_CASE("base/search: only ASCII letters are folded") {
  CHECK(find_folded("a@b", "`") == std::string_view::npos);
  CHECK(find_folded("A[B", "a{b") == std::string_view::npos);
  CHECK(find_folded("x\xc3\x85", "\xc3\xa5") == std::string_view::npos);
}

TEST_CASE("base/search: a text that fits everywhere but at the needle's middle") {
  const std::string text(1u << 20, 'a');
  std::string needle(4096, 'a');
  needle[2048] = 'b';
  CHECK(find_bytes(text, needle) == std::string_view::npos);  // seconds, if it were quadratic
  CHECK(find_bytes(text + needle, needle) == text.size());
}
