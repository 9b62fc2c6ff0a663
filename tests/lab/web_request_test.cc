#include "lab/web_request.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::lab;

TEST_CASE("lab/web_request: reads a request with a body and leaves the next one") {
  const std::string first =
      "POST /login?next=%2Fa&x=1 HTTP/1.1\r\nHost: h\r\ncontent-length: 10\r\n\r\na=1&b=%20+";
  const auto read = read_request(first + "GET / HTTP/1.1\r\n");
  REQUIRE(read.ok());
  REQUIRE(read->complete);
  CHECK(read->size == first.size());
  const WebRequest& request = read->request;
  CHECK(request.method == "POST");
  CHECK(request.path() == "/login");
  CHECK(request.parameter("next") == "/a");
  CHECK(request.parameter("none") == "");
  CHECK(request.form("a") == "1");
  CHECK(request.form("b") == "  ");
  CHECK(request.header("HOST") == "h");
  CHECK(request.keep_alive());
}

TEST_CASE("lab/web_request: asks for more, or says what is wrong") {
  const std::string long_head = "GET / HTTP/1.1\r\nX: " + std::string(kMaxHeadBytes, 'x');
  const struct {
    std::string bytes;
    bool ok;
    bool complete;
    ErrorCode code;
  } table[] = {
      {"", true, false, {}},
      {"GET / HTTP/1.1\r\nHost: h\r\n", true, false, {}},
      {"GET / HTTP/1.1\r\n\r\n", true, true, {}},
      {"GET / HTTP/1.1\n\n", true, true, {}},
      {"GET /a b HTTP/1.0\r\n\r\n", true, true, {}},
      {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcd", true, false, {}},
      {"\x16\x03\x01\x02", false, false, ErrorCode::kProtocol},
      {"GET /\r\n\r\n", false, false, ErrorCode::kProtocol},
      {"GET / HTTP/2.0\r\n\r\n", false, false, ErrorCode::kProtocol},
      {"GET / HTTP/1.1\r\nbroken\r\n\r\n", false, false, ErrorCode::kProtocol},
      {"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", false, false, ErrorCode::kProtocol},
      {"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", false, false,
       ErrorCode::kProtocol},
      {"GET / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n", false, false, ErrorCode::kExhausted},
      {"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", false, false,
       ErrorCode::kUnsupported},
      {long_head, false, false, ErrorCode::kExhausted},
  };
  for (const auto& row : table) {
    CAPTURE(row.bytes.substr(0, 60));
    const auto read = read_request(row.bytes);
    REQUIRE(read.ok() == row.ok);
    if (row.ok)
      CHECK(read->complete == row.complete);
    else
      CHECK(read.error().code == row.code);
  }
}

TEST_CASE("lab/web_request: keep-alive by version and header") {
  const struct {
    const char* bytes;
    bool keep;
  } table[] = {
      {"GET / HTTP/1.1\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
  };
  for (const auto& row : table) {
    CAPTURE(row.bytes);
    CHECK(read_request(row.bytes)->request.keep_alive() == row.keep);
  }
}

TEST_CASE("lab/web_request: writes the head of an answer") {
  auto response = web_page(302, "", "x");
  response.with("Location", "/a");
  CHECK(write_head(response, false) ==
        "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 1\r\nConnection: close\r\n\r\n");
  CHECK(write_head(web_page(200, "text/plain", ""), true) ==
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n");
}
