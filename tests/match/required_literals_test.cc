#include "match/required_literals.h"

#include <doctest/doctest.h>

using namespace m8::match;
using Literals = std::vector<std::string>;

TEST_CASE("match/required_literals: what a pattern can't match without") {
  const std::pair<const char*, Literals> cases[] = {
      {"jquery", {"jquery"}},
      {"JQuery\\.JS", {"jquery.js"}},
      {"^nginx(?:/([\\d.]+))?", {"nginx"}},
      {"/wp-(?:content|includes)/", {"/wp-content/", "/wp-includes/"}},
      {"<link[^>]+s\\d+\\.wp\\.com", {".wp.com"}},
      {"(foo|barbaz)qux", {"barbazqux", "fooqux"}},
      {"foo(?:bar|b[a-z]z)", {"foo"}},
      {"ab+cd", {"cd"}},
      {"abc{0}defgh", {"defgh"}},
      {"colou?r", {"color", "colour"}},
      {"x[ab]yz", {"xayz", "xbyz"}},
      {"a.b", {}},
      {"[\\d.]+", {}},
      {".*", {}},
      {"abc|[0-9]", {}},
      {"(?!angular\\.io)angular", {}},
      {"(?P<v>\\d+)-core", {"-core"}},
      {"", {}},
      {"abc(", {}},
      {"\\x41bc", {}},
  };
  for (const auto& [pattern, literals] : cases) {
    const auto& shown = pattern;
    CAPTURE(shown);
    CHECK(required_literals(pattern) == literals);
  }
}

TEST_CASE("match/required_literals: depth and width are bounded") {
  CHECK(required_literals(std::string(100'000, '(')).empty());
  CHECK(required_literals(std::string(200, '(') + "abc" + std::string(200, ')')).empty());
  std::string wide = "a";
  for (int i = 0; i < 1000; ++i) wide += "|abc" + std::to_string(i);
  CHECK(required_literals(wide).empty());
  CHECK(required_literals(std::string(10'000, 'a')).front().size() <= 64);
}
