#include "cli/spelling.h"

#include <doctest/doctest.h>

namespace m8::cli {
namespace {

std::vector<Flag> some_flags() {
  Flag tags{"tags", {}, "TAG", "Filter", "keep by tag"};
  tags.repeatable = true;
  return {tags,
          {"exclude-tags", {"etags"}, "TAG", "Filter", "drop by tag"},
          {"rate-limit", {"rl"}, "N", "Rate", "requests per second"},
          {"domain", {"d"}, "NAME", "Input", "domains"},
          {"jsonl", {"j"}, "", "Output", "JSON lines"},
          {"4", {}, "", "Network", "IPv4 only"}};
}

TEST_CASE("cli/spelling: single dashes, aliases and joined values become canonical") {
  const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> table = {
      {{"-tags", "cve"}, {"--tags", "cve"}},
      {{"--tags=cve"}, {"--tags=cve"}},
      {{"-tags=cve"}, {"--tags=cve"}},
      {{"-etags", "dos"}, {"--exclude-tags", "dos"}},
      {{"-rl=5"}, {"--rate-limit=5"}},
      {{"-d", "a.b"}, {"--domain", "a.b"}},
      {{"-4"}, {"--4"}},
      {{"-jsonl=false"}, {"--jsonl=false"}},
      {{"--tags=", "x"}, {"--tags", "", "x"}},
      {{"-"}, {"-"}},
      {{"-j", "-", "name"}, {"--jsonl", "-", "name"}},
      {{"-d", "-unusual"}, {"--domain", "-unusual"}},
      {{"--", "-tags", "--nonsense"}, {"--", "-tags", "--nonsense"}},
      {{"-d=a=b"}, {"--domain=a=b"}},
  };
  for (const auto& row : table) {
    CAPTURE(row.first);
    const auto result = rewrite(some_flags(), row.first);
    REQUIRE(result.ok());
    CHECK(*result == row.second);
  }
}

TEST_CASE("cli/spelling: says what is wrong with a flag") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> table = {
      {{"-tgas", "x"}, "unknown flag: -tgas (did you mean -tags?)"},
      {{"--rate-limti=4"}, "unknown flag: --rate-limti (did you mean --rate-limit?)"},
      {{"--unheard-of"}, "unknown flag: --unheard-of"},
      {{"-d"}, "missing value: -d NAME"},
      {{"-d", "-j"}, "missing value: -d NAME (-j is a flag; write -d=-j to mean it)"},
  };
  for (const auto& [given, expected] : table) {
    const auto result = rewrite(some_flags(), given);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kInvalidArgument);
    CHECK(result.error().message == expected);
  }
}

TEST_CASE("cli/spelling: nearest allows one error in three letters, swaps count once") {
  const std::vector<std::string> commands = {"enum", "resolve", "probe", "domain add"};
  CHECK(nearest("enmu", commands) == "enum");
  CHECK(nearest("reslove", commands) == "resolve");
  CHECK(nearest("prob", commands) == "probe");
  CHECK(nearest("scan", commands).empty());
  CHECK(nearest(std::string(100000, 'x'), commands).empty());
  CHECK(nearest("", commands).empty());
}

TEST_CASE("cli/spelling: width counts the separate value") {
  CHECK(width_of(some_flags(), "-d") == 2);
  CHECK(width_of(some_flags(), "-d=x") == 1);
  CHECK(width_of(some_flags(), "--jsonl") == 1);
  CHECK(width_of(some_flags(), "name") == 0);
  CHECK(width_of(some_flags(), "--no-such") == 0);
}

TEST_CASE("cli/spelling: a flag that is refused by name says why") {
  const std::vector<RefusedFlags> refused = {{{"prompt", "ai"}, "it needs a cloud account"}};
  const auto done = rewrite({}, {"-ai", "x"}, refused);
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().message == "-ai is not supported: it needs a cloud account");
  CHECK(refusal(refused, "prompt") == "it needs a cloud account");
  CHECK(refusal(refused, "p").empty());
}

}  // namespace
}  // namespace m8::cli
