#include "base/regex.h"

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace m8;

TEST_CASE("base/regex: search is unanchored and the dot stops at a line") {
  const Regex regex = *Regex::compile("b.c");
  CHECK(regex.search("abxcd"));
  CHECK(!regex.search("ab\ncd"));
  CHECK(!Regex::compile("a(").ok());
  CHECK(!Regex::compile("(?=x)").ok());
  CHECK(!Regex::compile(std::string(2u << 20, 'a')).ok());
}

TEST_CASE("base/regex: find_all gives groups, and empty text for an unmatched optional one") {
  const Regex regex = *Regex::compile("v(\\d+)(-rc)?");
  CHECK(regex.find_all("v1 v2-rc") == std::vector<std::string>{"v1", "v2-rc"});
  CHECK(regex.find_all("v1 v2-rc", 1) == std::vector<std::string>{"1", "2"});
  CHECK(regex.find_all("v1 v2-rc", 2) == std::vector<std::string>{"", "-rc"});
  CHECK(regex.find_all("v1", 3).empty());
}

TEST_CASE("base/regex: empty matches step as Go does") {
  const Regex regex = *Regex::compile("a*");
  CHECK(regex.find_all("baaac") == std::vector<std::string>{"", "aaa", ""});
  CHECK(Regex::compile("")->find_all("é").size() == 2);
}

TEST_CASE("base/regex: replacements follow Go") {
  struct Row {
    std::string text, pattern, replacement, result;
  };
  for (const Row& row :
       {Row{"abc123", "([a-z]+)(\\d+)", "$2-$1", "123-abc"}, Row{"ab", "(a)", "${1}x", "axb"},
        Row{"ab", "(a)", "$1x", "b"}, Row{"ab", "(?P<n>a)", "<$n>", "<a>b"},
        Row{"a", "a", "$$", "$"}, Row{"abc", "", "-", "-a-b-c-"}, Row{"x", "y", "z", "x"}}) {
    CAPTURE(row.pattern);
    CHECK(Regex::compile(row.pattern)->replace_all(row.text, row.replacement) == row.result);
  }
}

TEST_CASE("base/regex: bytes that are not UTF-8 are matched as U+FFFD") {
  CHECK(Regex::compile("a\\x{FFFD}b")
            ->search("a\xff"
                     "b"));
  CHECK(
      Regex::compile("a.b")->search("a\xff"
                                    "b"));
  CHECK(
      !Regex::compile("a\\xffb")->search("a\xff"
                                         "b"));
  CHECK(Regex::compile("(?i)É")->search("é"));
}

TEST_CASE("base/regex: what is found of bad bytes are the bytes themselves") {
  const std::string text = "a\xff=\xe2\x82;b=\xe9t\xe9;";
  const auto regex = *Regex::compile("([a-z]).?=(.*?);");
  CHECK(regex.find_all(text) == std::vector<std::string>{"a\xff=\xe2\x82;", "b=\xe9t\xe9;"});
  CHECK(regex.find_all(text, 2) == std::vector<std::string>{"\xe2\x82", "\xe9t\xe9"});
  CHECK(regex.first_groups(text) == std::vector<std::string>{"a", "\xe2\x82"});
  CHECK(regex.find(text) == std::pair<std::size_t, std::size_t>{0, 6});
  CHECK(regex.replace_all(text + "\xff", "<$2>") == "<\xe2\x82><\xe9t\xe9>\xff");
  CHECK(Regex::compile("(x)?\xc3\xa9|\xef\xbf\xbd")->find_all("\xff\xc3\xa9", 1) ==
        std::vector<std::string>{"", ""});
}

TEST_CASE("base/regex: UTF-8 is recognised by RFC 3629") {
  CHECK(is_utf8("plain ascii text, longer than eight"));
  CHECK(is_utf8("\xf0\x9f\x98\x80"));
  for (const char* bad : {"\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80"}) {
    CAPTURE(bad);
    CHECK(!is_utf8(bad));
  }
  CHECK(to_utf8("a\xe2\x82z") == "a\xef\xbf\xbd\xef\xbf\xbdz");
}

TEST_CASE("base/regex: deferred ones are checked, and compiled at first use") {
  std::optional<Regex> regex;
  {
    const DeferredRegexes deferred(/*trusted=*/false);
    regex = *Regex::compile("a(b)c");
    CHECK(deferred.all_good());
    CHECK(!Regex::compile("a(").ok());
    CHECK(!deferred.all_good());
  }
  CHECK(regex->groups() == 1);
  CHECK(regex->search("xabcx"));
  CHECK(!Regex::compile("a(").ok());
}

TEST_CASE("base/regex: programs that made room for others are made again, on all threads") {
  constexpr int kMany = 1000;
  std::vector<Regex> all;
  {
    const DeferredRegexes deferred(/*trusted=*/false);
    for (int i = 0; i < kMany; ++i) all.push_back(*Regex::compile("x(" + std::to_string(i) + ")y"));
  }
  const Regex kept = *Regex::compile("k(e)pt");
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int round = 0; round < 3; ++round) {
          for (int i = 0; i < kMany; ++i) {
            const std::string number = std::to_string(i);
            if (all[static_cast<std::size_t>(i)].find_all("-x" + number + "y-", 1) !=
                std::vector<std::string>{number})
              ++wrong;
            if (!all[0].search("x0y") || !kept.search("kept")) ++wrong;
          }
        }
      });
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("base/regex: groups may be named without a P, as in Go") {
  CHECK(Regex::compile("(?<year>\\d+)-(?<m>\\d+)")->replace_all("2022-01", "$m/${year}") ==
        "01/2022");
  CHECK(Regex::compile("\\(?<x[(?<y]")->search("<x?"));
  CHECK(Regex::compile("\\Q(?<n>\\E(?<n>a)")->search("(?<n>a"));
  CHECK(Regex::compile("[](?<](?<n>b)")->find_all("]b", 1) == std::vector<std::string>{"b"});
  CHECK_FALSE(Regex::compile("(?<=a)b").ok());
  CHECK_FALSE(Regex::compile("(?<!a)b").ok());
}

TEST_CASE("base/regex: a trusted pattern that is bad after all matches nothing") {
  std::optional<Regex> regex;
  {
    const DeferredRegexes deferred(/*trusted=*/true);
    regex = *Regex::compile("a(");
  }
  CHECK(!regex->search("a("));
  CHECK(regex->find_all("a(").empty());
  CHECK(!regex->first_groups("a("));
  CHECK(regex->replace_all("a(", "b") == "a(");
}

TEST_CASE("base/regex: a match is found where it is, also behind bytes that are not UTF-8") {
  using Place = std::pair<std::size_t, std::size_t>;
  CHECK(Regex::compile("b+")->find("aabbc") == Place(2, 2));
  CHECK(Regex::compile("b+")->find("\xff\xff\xc3\xa9"
                                   "bb\xff") == Place(4, 2));
  CHECK_FALSE(Regex::compile("x")->find("abc"));
}
