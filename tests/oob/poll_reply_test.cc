#include <doctest/doctest.h>

#include "base/hash.h"
#include "oob/client.h"

using namespace m8;
using namespace m8::oob;

TEST_CASE("oob/client: reads the answers of a poll") {
  const auto empty = parse_poll_reply(R"({"data":null,"extra":null,"aes_key":"","tlddata":null})");
  REQUIRE(empty.ok());
  CHECK(empty->sealed.empty());
  const auto full = parse_poll_reply(
      R"({"data":["YWJj","%%"],"extra":["{}"],"aes_key":"eHl6","tlddata":["{\"a\":1}"]})");
  REQUIRE(full.ok());
  CHECK(full->sealed == std::vector<std::string>{"abc"});
  CHECK(full->unreadable == 1);
  CHECK(full->sealed_key == "xyz");
  CHECK(full->plain == std::vector<std::string>{"{}", R"({"a":1})"});
}

TEST_CASE("oob/client: refuses answers that are none") {
  for (const char* text : {"", "<html>", "[]", R"({"data":1})", R"({"data":["YWJj"]})",
                           R"({"data":["YWJj"],"aes_key":"%"})", R"({"data":null,"extra":{}})"}) {
    CAPTURE(text);
    const auto reply = parse_poll_reply(text);
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.error().code == ErrorCode::kProtocol);
  }
}

TEST_CASE("oob/client: an interaction survives the way there and back") {
  model::Interaction one;
  one.protocol = "smtp";
  one.unique_id = "u";
  one.full_id = "a.u";
  one.q_type = "TXT";
  one.raw_request = "line\r\n<b>";
  one.raw_response = "r";
  one.smtp_from = "x@y";
  one.remote_address = "192.0.2.1";
  one.timestamp = "2026-01-02T03:04:05Z";
  one.asninfo = R"([{"as":"AS1","n":1,"f":1.5,"ok":true,"no":null}])";
  const auto read = model::parse_interaction(model::to_json(one));
  REQUIRE(read.ok());
  CHECK(model::to_json(*read) == model::to_json(one));
  CHECK(read->raw_request == one.raw_request);
  CHECK_FALSE(model::parse_interaction(R"({"protocol":"dns"})").ok());
}
