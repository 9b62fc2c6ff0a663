#include "script/message.h"

#include <doctest/doctest.h>

namespace m8::script {
namespace {

const std::vector<Value> kValues = {Value(), true, 2.5, "text", List{"a", ""}, List{}};

TEST_CASE("message: what is written is read") {
  const std::string bytes =
      MessageWriter(Kind::kCall).text("http").number(7).values(kValues).finish();
  MessageReader message(std::string_view(bytes).substr(4));
  CHECK(message.kind().value() == Kind::kCall);
  CHECK(message.text().value() == "http");
  CHECK(message.number().value() == 7);
  CHECK(message.values().value() == kValues);
  CHECK_FALSE(message.kind().ok());
}

TEST_CASE("message: one that is cut short anywhere is an error") {
  const std::string bytes = MessageWriter(Kind::kCall).values(kValues).finish().substr(5);
  REQUIRE(MessageReader(bytes).values().ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto values = MessageReader(std::string_view(bytes).substr(0, size)).values();
    REQUIRE_FALSE(values.ok());
    CHECK(values.error().code == ErrorCode::kProtocol);
  }
  CHECK_FALSE(MessageReader("?").value().ok());
}

}  // namespace
}  // namespace m8::script
