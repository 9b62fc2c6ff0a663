#include "protocols/registry.h"

#include <doctest/doctest.h>

using namespace m8;

namespace {

Error refusal(std::string_view protocol, const char* text) {
  auto node = yaml::parse(text);
  REQUIRE(node.ok());
  auto block = protocols::compile(protocol, *node, {});
  REQUIRE_FALSE_MESSAGE(block.ok(), text);
  return block.error();
}

}  // namespace

TEST_CASE("protocols/registry: what can't run yet is named") {
  struct Row {
    const char *protocol, *block, *feature;
  };
  const Row rows[] = {
      {"dns", "{}", "dns"},
      {"tcp", "{}", "tcp"},
      {"code", "{}", "code"},
      {"http", "{pipeline: true, raw: [a]}", "pipeline"},
      {"http", "{fuzzing: [{part: query}], path: [a]}", "fuzzing"},
      {"http", "{signature: AWS, path: [a]}", "signature"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.block);
    const Error error = refusal(row.protocol, row.block);
    CHECK(error.code == ErrorCode::kUnsupported);
    CHECK(error.message == row.feature);
  }
}

TEST_CASE("protocols/registry: invalid http blocks (templates 1.2)") {
  const char* blocks[] = {
      "{redirects: true, host-redirects: true, path: [a]}",
      "{protocol-redirects: true, path: [a]}",
      "{race: true, path: [a], matchers: [{type: word, part: body_1, words: [a]}]}",
      "{fuzzing: [{part: query}], unsafe: true, raw: [a]}",
      "{fuzzing: [{part: query}], path: [a], matchers: [{type: dsl, dsl: ['body_2 == \"a\"']}]}",
      "{method: FETCH, path: [a]}",
      "{path: a}",
      "{path: [a], headers: [b]}",
      "{path: ['{{x}}{{y}}'], payloads: {x: [a], y: [b]}}",
      "{path: [a], max-size: -1}",
      "{path: [a], redirects: maybe}",
      "text",
  };
  for (const char* block : blocks) {
    CAPTURE(block);
    CHECK(refusal("http", block).code == ErrorCode::kInvalidArgument);
  }
  CHECK(refusal("nosuch", "{}").code == ErrorCode::kInvalidArgument);
}

TEST_CASE("protocols/registry: a block says its id and its requests") {
  protocols::CompileOptions options;
  options.block_id = "http_2";
  auto node = yaml::parse("{path: ['{{a}}', b], payloads: {a: [x, y, z]}}");
  auto block = protocols::compile("requests", *node, options);
  REQUIRE(block.ok());
  CHECK((*block)->id() == "http_2");
  CHECK((*block)->type() == "http");
  CHECK((*block)->request_count() == 6);
  auto named = protocols::compile("http", *yaml::parse("{id: mine, path: []}"), options);
  REQUIRE(named.ok());
  CHECK((*named)->id() == "mine");
  CHECK((*named)->request_count() == 0);
  CHECK(protocols::is_protocol("headless"));
  CHECK_FALSE(protocols::is_protocol("info"));
}
