#include "base/json.h"

#include <doctest/doctest.h>

using namespace m8;

TEST_CASE("base/json: the writer keeps order and places commas") {
  json::Writer w;
  w.object()
      .field("b", 1)
      .key("a")
      .array()
      .value("x")
      .value(true)
      .null()
      .end()
      .field("c", 1.5)
      .end();
  CHECK(w.text() == R"({"b":1,"a":["x",true,null],"c":1.5})");
}

TEST_CASE("base/json: strings are escaped and bad UTF-8 is replaced") {
  std::string out;
  json::append_quoted(out, std::string_view("a\"\\\n\x01\xff\xc3\xa9<", 9));
  CHECK(out == "\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9<\"");
  out.clear();
  json::append_quoted(out, "<&>", true);
  CHECK(out == R"("\u003c\u0026\u003e")");
}

TEST_CASE("base/json: what was written is read back") {
  const auto value = json::parse(R"({"n":-3,"d":2.5,"s":"x","l":[1,{"k":null}]})");
  REQUIRE(value.ok());
  CHECK(value->find("n")->as_int() == -3);
  CHECK(value->find("d")->as_double() == 2.5);
  CHECK(value->string_at("s") == "x");
  CHECK(value->find("l")->items()[1].find("k")->is_null());
}

TEST_CASE("base/json: malformed and deep documents are errors") {
  for (const std::string text : {"", "{", "[1,]", "{} x", "{\"a\":01}"}) {
    CAPTURE(text);
    CHECK(!json::parse(text).ok());
  }
  CHECK(!json::parse(std::string(70, '[') + std::string(70, ']')).ok());
}
