#include "operators/packed_need.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "operators/map_parts.h"

using namespace m8;
using operators::Need;

namespace {

const Need kNeed{{{"admin", "root"}, {"login"}}, {200, 302}};

std::string packed(const Need& need) {
  std::string out;
  operators::pack_need(need, out);
  return out;
}

/// Operators of one text, and how often they were compiled.
class Counted final : public operators::LaterSource {
 public:
  explicit Counted(std::string text) : text_(std::move(text)) {}
  Result<operators::Operators> operators_of(std::size_t) const override {
    ++compiled;
    return test::compile_operators(text_);
  }
  mutable int compiled = 0;

 private:
  const std::string text_;
};

}  // namespace

TEST_CASE("operators/packed_need: comes back as it was, and other bytes don't") {
  const std::string bytes = packed(kNeed);
  const auto again = operators::unpack_need(bytes);
  REQUIRE(again);
  CHECK(again->groups == kNeed.groups);
  CHECK(again->statuses == kNeed.statuses);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    CHECK(!operators::unpack_need(std::string_view(bytes).substr(0, i)));
  CHECK(!operators::unpack_need(bytes + "x"));
  CHECK(!operators::unpack_need("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
  CHECK(operators::unpack_need(packed({}))->groups.empty());
}

TEST_CASE("operators/packed_need: rules out what lacks a status or a group") {
  const std::string bytes = packed(kNeed);
  CHECK(!operators::rules_out(bytes, 200, "the root of a login"));
  CHECK(operators::rules_out(bytes, 404, "the root of a login"));
  CHECK(operators::rules_out(bytes, 404));
  CHECK(!operators::rules_out(bytes, 302));
  CHECK(operators::rules_out(bytes, 200, "the root of all"));
  CHECK(operators::rules_out(bytes, 200, "a login"));
  CHECK(!operators::rules_out(packed({}), 404, ""));
  CHECK(!operators::rules_out("\x01", 404, ""));
  CHECK(!operators::rules_out("", 404, ""));
}

TEST_CASE("operators/later: compiled once, when an answer may give something") {
  const char* text =
      "{matchers: [{type: word, words: [Hello]}],"
      " extractors: [{type: regex, name: t, internal: true, regex: ['abc[0-9]+']}]}";
  const auto source = std::make_shared<Counted>(text);
  const std::string need = packed({{{"hello"}}, {}});
  const auto later = operators::Operators::later(*yaml::parse(text), {source, 0, need});
  CHECK(later.has_matchers());
  CHECK(!later.empty());
  CHECK(later.has_internal_names());
  CHECK(later.need().groups == Need{{{"hello"}}, {}}.groups);
  CHECK(later.rule_out(200, [] { return std::string_view("bye"); }));
  CHECK(!later.rule_out(200, [] { return std::string_view("hello"); }));
  CHECK(source->compiled == 0);
  test::MapParts parts = test::sample_parts();
  dsl::Services services;
  operators::Context context{services, {}};
  CHECK(later.evaluate(parts, context).matched);
  CHECK(later.evaluate(parts, context).internal.size() == 1);
  CHECK(source->compiled == 1);
  CHECK(!later.rule_out(200, [] { return std::string_view("bye"); }));
}

TEST_CASE("operators/later: what does not compile after all matches nothing") {
  const auto source = std::make_shared<Counted>("{matchers: [{type: nonsense}]}");
  const auto later =
      operators::Operators::later(*yaml::parse("{matchers: [{type: nonsense}]}"), {source, 0, {}});
  test::MapParts parts = test::sample_parts();
  dsl::Services services;
  operators::Context context{services, {}};
  CHECK(!later.evaluate(parts, context).matched);
}
