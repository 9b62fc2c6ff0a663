#include "scan/endpoint_record.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace m8;
using namespace m8::scan;

namespace {

http::Response answer(int status, const std::string& body, const std::string& type = "text/html") {
  http::Response response;
  response.status = status;
  response.headers = {{"Server", "nginx/1.22"}, {"Content-Type", type}};
  response.body = body;
  response.ip = net::IpAddress::v4(0x7f000001);
  return response;
}

std::string page(const std::string& title) {
  return "<html><head><title>" + title + "</title></head></html>";
}

/// "status title" of what is recorded, "-" for nothing.
std::string told(EndpointLog& log, const std::string& path, const http::Response& response) {
  const auto url = net::Url::parse("http://a.test" + path).value();
  const auto record = log.answered("a.test:80", url, response, WallTime{});
  return record ? fmt::format("{} {}", record->status, record->title) : "-";
}

}  // namespace

TEST_CASE("scan/endpoint_record: all that an answer tells") {
  EndpointLog log;
  const auto url = net::Url::parse("http://a.test:8080/").value();
  const auto record =
      log.answered("a.test:8080", url, answer(200, page(" Fish &amp;\n Chips ")), WallTime{});
  REQUIRE(record);
  CHECK(record->url == "http://a.test:8080");
  CHECK(record->hostname == "a.test");
  CHECK(record->ip == "127.0.0.1");
  CHECK(record->port == 8080);
  CHECK(record->status == 200);
  CHECK(record->title == "Fish & Chips");
  CHECK(record->server == "nginx/1.22");
  CHECK(record->live);
}

TEST_CASE("scan/endpoint_record: later answers are told only if they tell more") {
  struct Step {
    const char* path;
    http::Response response;
    const char* told;
  };
  const Step one[] = {{"/x", answer(404, "gone", "text/plain"), "0 "},
                      {"/y", answer(404, page("404 Not Found")), "0 404 Not Found"},
                      {"/z", answer(404, page("other")), "-"},
                      {"/", answer(302, ""), "302 404 Not Found"},
                      {"/", answer(200, page("Welcome")), "200 Welcome"},
                      {"/", answer(500, page("late")), "-"}};
  const Step probed[] = {{"", answer(405, ""), "405 "},  // HEAD
                         {"/", answer(200, "text", "text/plain"), "200 "},
                         {"/?q=1", answer(400, page("query")), "200 query"},
                         {"/", answer(200, page("Late")), "200 Late"}};
  for (const auto& steps : {std::vector<Step>(std::begin(one), std::end(one)),
                            std::vector<Step>(std::begin(probed), std::end(probed))}) {
    EndpointLog log;
    for (const Step& step : steps) {
      CAPTURE(step.path);
      CHECK(told(log, step.path, step.response) == step.told);
    }
  }
}

TEST_CASE("scan/endpoint_record: the title of what is not HTML, or far down, is not looked for") {
  EndpointLog log;
  CHECK(told(log, "/", answer(200, page("in text"), "text/plain")) == "200 ");
  EndpointLog far;
  const std::string long_body = std::string(300u << 10, ' ') + page("far down");
  CHECK(told(far, "/", answer(200, long_body)) == "200 ");
}

TEST_CASE("scan/endpoint_record: what was forgotten is told again") {
  EndpointLog log(2);
  const auto url = net::Url::parse("http://a.test/").value();
  const auto first = [&](const std::string& key) {
    return log.answered(key, url, answer(200, page("t")), WallTime{}).has_value();
  };
  CHECK(first("a"));
  CHECK(first("b"));
  CHECK(!first("a"));
  CHECK(first("c"));
  CHECK(!first("a"));  // of the old generation: remembered, and young again
  for (const char* other : {"d", "e", "f"}) CHECK(first(other));
  CHECK(first("b"));
}
