#include "match/jq.h"

#include <doctest/doctest.h>

namespace m8::match {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> texts(const std::string& program, std::string_view document) {
  std::vector<std::string> out;
  const auto values = run_jq(program, document, 10s);
  REQUIRE_MESSAGE(values.ok(), program);
  for (const JqValue& value : *values) out.push_back((value.is_string ? "s" : "j") + value.text);
  return out;
}

using Texts = std::vector<std::string>;

TEST_CASE("values come in order, strings as they are, the rest as compact JSON") {
  CHECK(texts(".[]", R"(["a", 1.5, null, true, {"b":1, "a":[2]}])") ==
        Texts{"sa", "j1.5", "jnull", "jtrue", R"(j{"a":[2],"b":1})"});
  CHECK(texts(".a.b", R"({"a":{"b":"x\u0000y"}})") == Texts{std::string("sx\0y", 4)});
  CHECK(texts(".[] | .slug", "[]").empty());
}

TEST_CASE("an error while it runs ends a program and keeps what it gave") {
  CHECK(texts(".[] | .name", R"([{"name":"x"}, 1, {"name":"y"}])") == Texts{"sx"});
  CHECK(texts(".name", "[1]").empty());
  CHECK(texts(".", "not json").empty());
}

TEST_CASE("dots before brackets are taken out for libjq") {
  CHECK(portable_jq(".a[1].[] | .[0]") == ".a[1][] | .[0]");
  CHECK(portable_jq(R"(."x".["y"] | select(.[0] == "b.[c"))") ==
        R"(."x"["y"] | select(.[0] == "b.[c"))");
  CHECK(texts(".a.[1].[]", R"({"a":[0,[7,8]]})") == Texts{"j7", "j8"});
}

TEST_CASE("programs are told from others without a run") {
  std::vector<std::string> programs = {"while(true; .)", ".a # a comment", "error", "def f: 1; f",
                                       ".[1].[] | trim"};
  for (int i = 0; i < 120; ++i) programs.push_back(".a" + std::to_string(i));
  CHECK(refused_jq(programs).empty());
  programs.insert(programs.begin() + 60, {"foo(", ".a | nothing", "1)) | ("});
  programs.emplace_back("}");
  CHECK(refused_jq(programs) == Texts{"foo(", ".a | nothing", "1)) | (", "}"});
}

TEST_CASE("the programs of a thread's extractors are noted while somebody asks") {
  JqPrograms::note("nobody asks");
  JqPrograms outer;
  JqPrograms::note(".a");
  {
    JqPrograms inner;
    JqPrograms::note(".b");
    CHECK(inner.all() == Texts{".b"});
  }
  JqPrograms::note(".c");
  CHECK(outer.all() == Texts{".a", ".c"});
}

TEST_CASE("objects are walked in the order of their names") {
  const char* document = R"({"b":1,"a":{"d":2,"c":3}})";
  CHECK(texts("to_entries[].key", document) == Texts{"sa", "sb"});
  CHECK(texts(".[]", document) == Texts{R"(j{"c":3,"d":2})", "j1"});
  CHECK(texts("tojson", document) == Texts{R"(s{"a":{"c":3,"d":2},"b":1})"});
}

TEST_CASE("an if needs no else, and later functions are there") {
  CHECK(texts("if . > 1 then \"big\" end", "2") == Texts{"sbig"});
  CHECK(texts("if . > 3 then \"big\" elif . > 2 then \"mid\" end", "1") == Texts{"j1"});
  CHECK(texts("if .if then (if .end then 1 else 2 end) end", R"({"if":true})") == Texts{"j2"});
  CHECK(texts("{if: 1, end: 2} | .end", "{}") == Texts{"j2"});
  CHECK(portable_jq("if .a then \"if\" else .b end") == "if .a then \"if\" else .b end");
  CHECK(texts("trim, ltrim, rtrim", R"(" a ")") == Texts{"sa", "sa ", "s a"});
  CHECK(texts("map(abs)", "[-1, 2]") == Texts{"j[1,2]"});
  CHECK(texts("toarray", "1") == Texts{"j[1]"});
  CHECK(texts("pick(.a.b)", R"({"a":{"b":1,"c":2},"d":3})") == Texts{R"(j{"a":{"b":1}})"});
  CHECK(texts("if . then 1 # else\nend", "true") == Texts{"j1"});
  CHECK(texts(".trim", R"({"trim":1})") == Texts{"j1"});
}

TEST_CASE("what is no program is an error, and the next call works") {
  CHECK(run_jq(".[", "{}", 10s).error().code == ErrorCode::kInvalidArgument);
  CHECK(texts(".", "1") == Texts{"j1"});
}

TEST_CASE("a program that does not end is killed, and the next call works") {
  const auto endless = run_jq("[range(1e12)] | length", "{}", 300ms);
  REQUIRE_FALSE(endless.ok());
  CHECK((endless.error().code == ErrorCode::kTimeout ||
         endless.error().code == ErrorCode::kExhausted));
  CHECK(texts(".a", R"({"a":"still here"})") == Texts{"sstill here"});
}

TEST_CASE("what it gives is bounded") {
  const auto values = run_jq("range(1000000)", "{}", 10s);
  REQUIRE(values.ok());
  CHECK(values->size() == 10'000);
}

TEST_CASE("the environment of this process is not seen") {
  CHECK(texts("env | length", "{}") == Texts{"j0"});
}

}  // namespace
}  // namespace m8::match
