#include "templates/flow.h"

#include <set>

#include <doctest/doctest.h>

namespace m8::templates {
namespace {

std::string shown(const FlowCall& call) {
  std::string out = call.protocol + "(";
  for (const FlowCall::Block& block : call.blocks) {
    if (out.back() != '(') out += ",";
    const int* number = std::get_if<int>(&block);
    out += number != nullptr ? std::to_string(*number) : std::get<std::string>(block);
  }
  return out + ")";
}

/// Runs a flow; the calls in \p good are true. What was called, and the value.
std::string walk(const std::string& script, const std::set<std::string>& good) {
  const auto flow = Flow::parse(script);
  if (!flow.ok()) return flow.error().message;
  FlowRun run(*flow);
  std::string out;
  std::optional<bool> previous;
  while (const FlowCall* call = run.next(previous)) {
    out += shown(*call) + " ";
    previous = good.contains(shown(*call));
  }
  return out + (run.value() ? "true" : "false");
}

struct Row {
  const char* script;
  std::set<std::string> good;
  const char* walked;
};

TEST_CASE("templates/flow: what is called, in which order") {
  const std::vector<Row> rows{
      {"http(1) && http(2)", {"http(1)"}, "http(1) http(2) false"},
      {"http(1) && http(2)", {}, "http(1) false"},
      {"http(1) || http(2)", {"http(1)"}, "http(1) true"},
      {"http(1) || http(2) && http(3)", {"http(2)"}, "http(1) http(2) http(3) false"},
      {"(http(1) || http(2)) && http(3)", {"http(1)", "http(3)"}, "http(1) http(3) true"},
      {"http(1) && http(2) || http(3)", {"http(3)"}, "http(1) http(3) true"},
      {"!http(1) && http(2)", {"http(2)"}, "http(1) http(2) true"},
      {"!!http(1)", {"http(1)"}, "http(1) true"},
      {"!(http(1) && http(2))", {"http(1)"}, "http(1) http(2) true"},
      {"http(\"login\") && dns('x-y')", {"http(login)"}, "http(login) dns(x-y) false"},
      {"http()", {"http()"}, "http() true"},
      {"http(1, 2, \"c\")", {}, "http(1,2,c) false"},
      {"http(1)\nhttp(2)", {"http(1)"}, "http(1) http(2) false"},
      {"http(1);http(2) ; \n", {"http(2)"}, "http(1) http(2) true"},
      {"http(1)\n  && http(2) // second\n/* and */ && http(3)",
       {"http(1)", "http(2)"},
       "http(1) http(2) http(3) false"},
      {"http(1) &&\nhttp(2)", {"http(1)"}, "http(1) http(2) false"},
      {"http(1)\n!http(2)", {}, "http(1) http(2) true"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.script);
    CHECK(walk(row.script, row.good) == row.walked);
  }
}

TEST_CASE("templates/flow: anything else needs JavaScript") {
  for (const std::string script : {
           "",
           ";",
           "http(1) http(2)",
           "http(1",
           "http(x)",
           "http(1.5)",
           "http(1) & http(2)",
           "set('a', 1)",
           "for (let x of iterate(template.a)) { http(1) }",
           "if (http(1)) http(2)",
           "http(1)\n(http(2))",
           "let a = http(1)",
           "http('a\\'b')",
           "http('a",
           "http",
           "httpx(1)",
           "http(1) &&",
           "http(1) && ()",
           "http(1))",
           "http(99999999999)",
       }) {
    CAPTURE(script);
    const auto flow = Flow::parse(script);
    REQUIRE(!flow.ok());
    CHECK(flow.error().code == ErrorCode::kUnsupported);
    CHECK(flow.error().message == "flow script needs JavaScript");
  }
}

TEST_CASE("templates/flow: depth and size are bounded") {
  CHECK(!Flow::parse(std::string(10'000, '(') + "http(1)" + std::string(10'000, ')')).ok());
  CHECK(!Flow::parse(std::string(70'000, ' ') + "http(1)").ok());
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "http(1);";
  CHECK(!Flow::parse(many).ok());
  CHECK(Flow::parse(many.substr(8)).ok());
}

}  // namespace
}  // namespace m8::templates
