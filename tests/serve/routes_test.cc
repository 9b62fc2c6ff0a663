#include "serve/routes.h"

#include <doctest/doctest.h>

using namespace m8::serve;

namespace {

Request request(const std::string& method, const std::string& target) {
  Request out;
  out.method = method;
  out.target = target;
  return out;
}

Handler says(const std::string& text) {
  return [text](const Request&) { return Response{200, text}; };
}

}  // namespace

TEST_CASE("serve/routes: the first that fits answers") {
  Routes routes;
  routes.add("GET", "/a", says("a"));
  routes.add("POST", "/a", says("post"));
  routes.add("*", "/any", says("any"));
  routes.add("GET", "/tree/*", says("tree"));
  struct Row {
    const char *method, *target;
    int status;
    const char* body;
  };
  const Row rows[] = {
      {"GET", "/a", 200, "a"},
      {"HEAD", "/a?x=1", 200, "a"},
      {"POST", "/a", 200, "post"},
      {"PATCH", "/any", 200, "any"},
      {"GET", "/tree/x/y", 200, "tree"},
      {"GET", "/treeless", 404, "not found\n"},
      {"GET", "/a/", 404, "not found\n"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.target);
    const Response response = routes.answer(request(row.method, row.target));
    CHECK(response.status == row.status);
    CHECK(response.body == row.body);
  }
  const Response refused = routes.answer(request("DELETE", "/a"));
  CHECK(refused.status == 405);
  REQUIRE(refused.headers.size() == 1);
  CHECK(refused.headers[0].second == "GET, POST");
  routes.otherwise(says("rest"));
  CHECK(routes.answer(request("DELETE", "/a")).body == "rest");
}

TEST_CASE("serve/routes: what a request says") {
  Request one = request("GET", "/p?a=1&b=x%20y+z&a=2&flag&c=%zz");
  one.headers = {{"Host", "h"}, {"X-One", "1"}, {"x-one", "2"}};
  CHECK(one.path() == "/p");
  CHECK(one.query("a") == "1");
  CHECK(one.query("b") == "x y z");
  CHECK(one.query("flag").empty());
  CHECK(one.query("c") == "%zz");
  CHECK(one.query("none").empty());
  CHECK(one.header("HOST") == "h");
  CHECK(one.header("x-ONE") == "1");
  CHECK(one.header("no").empty());
  CHECK(json_response(400, "error", "a \"b\"").body == R"({"error":"a \"b\""})");
}
