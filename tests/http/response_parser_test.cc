#include "http/response_parser.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::http;

namespace {

struct Parsed {
  bool ok = true;
  bool complete = false;  ///< without the stream ending
  bool reusable = false;
  std::size_t used = 0;
  Response response;
  Error error;
};

/// Feeds \p bytes in pieces of \p piece, then ends the stream.
Parsed parse(std::string_view bytes, std::size_t piece, ResponseParser::Options options = {}) {
  ResponseParser parser(options);
  Parsed parsed;
  while (parsed.used < bytes.size() && !parser.done()) {
    const auto used = parser.feed(bytes.substr(parsed.used, piece));
    if (!used.ok()) {
      parsed.ok = false;
      parsed.error = used.error();
      return parsed;
    }
    parsed.used += *used;
  }
  parsed.complete = parser.done();
  const Status ended = parser.end();
  parsed.ok = ended.ok();
  if (!ended.ok()) parsed.error = ended.error();
  parsed.reusable = parser.reusable();
  parsed.response = parser.response();
  return parsed;
}

std::string header_text(const Response& response) {
  std::string text;
  for (const Header& header : response.headers) text += header.name + "=" + header.value + "|";
  return text;
}

}  // namespace

TEST_CASE("http/response_parser: every row of the table of answers, whole and byte by byte") {
  struct Row {
    std::string bytes, headers, body;
    std::int64_t length;
    bool closes, truncated;
    std::string reason = "OK";
    int status = 200;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nserver: x\r\nB-header: 2\r\nContent-Length: 3\r\nSet-Cookie: a=1; "
       "Path=/\r\nSet-Cookie: B=2\r\n\r\nabc",
       "server=x|B-header=2|Content-Length=3|Set-Cookie=a=1; Path=/|Set-Cookie=B=2|", "abc", 3,
       false, false},
      {"HTTP/1.1 404 Not Found\r\nX: y\r\n\r\nabc", "X=y|", "abc", -1, true, false, "Not Found",
       404},
      {"HTTP/1.1 200 Okidoki\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
       "Transfer-Encoding=chunked|", "abc", -1, false, false, "Okidoki"},
      {"HTTP/1.0 200 OK\r\nServer: z\r\n\r\nabc", "Server=z|", "abc", -1, true, false},
      {"HTTP/1.1 299\r\nContent-Length: 1\r\n\r\na", "Content-Length=1|", "a", 1, false, false, "",
       299},
      {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc", "Content-Length=50|", "abc", 50, false,
       true},
      {"HTTP/1.1 200 OK\r\nA:  b  \r\na: c\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
       "A=b|a=c|Connection=keep-alive|Content-Length=0|", "", 0, false, false},
      {"HTTP/1.1 200 OK\r\nA B: c\r\nContent-Length: 0\r\n\r\n", "Content-Length=0|", "", 0, false,
       false},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "Content-Length=5|", "", 0, false,
       false, "Not Modified", 304},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", "", -1, false, false, "No Content", 204},
      {"HTTP/1.1 200 OK\nA: b\n c\n\td\nContent-Length: 2\n\nhi", "A=b c d|Content-Length=2|", "hi",
       2, false, false},
      {"HTTP/1.1 200 OK\r\nB@d: x\r\n folded\r\nC: d\r\nContent-Length: 0\r\n\r\n",
       "C=d|Content-Length=0|", "", 0, false, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "Content-Length=2|",
       "hi", 2, false, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n"
       "\r\n",
       "Transfer-Encoding=Chunked|", "hi", -1, false, false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\nhi\n00\nT: x\n\n",
       "Transfer-Encoding=chunked|", "hi", -1, false, false},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\nmore",
       "Transfer-Encoding=chunked|", "hi", -1, false, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", "Transfer-Encoding=chunked|",
       "hi", -1, false, true},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi", "Transfer-Encoding=chunked|",
       "2\r\nhi", -1, true, false},
      {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nhi",
       "Connection=Keep-Alive|Content-Length=2|", "hi", 2, false, false},
      {"HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 2\r\n\r\nhi",
       "Connection=x, close|Content-Length=2|", "hi", 2, true, false},
      {"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n"
       "Content-Length: 1\r\n\r\nx",
       "Content-Length=1|", "x", 1, false, false},
      {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", "Upgrade=x|", "", -1, false, false,
       "Switching", 101},
      {"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n", "Content-Length=0|", "", 0, false,
       false},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {row.bytes.size(), std::size_t{1}, std::size_t{7}}) {
      CAPTURE(row.bytes);
      CAPTURE(piece);
      const Parsed parsed = parse(row.bytes, piece);
      REQUIRE(parsed.ok);
      CHECK(parsed.response.status == row.status);
      CHECK(parsed.response.reason == row.reason);
      CHECK(header_text(parsed.response) == row.headers);
      CHECK(parsed.response.body == row.body);
      CHECK(parsed.response.content_length == row.length);
      CHECK(parsed.response.closes == row.closes);
      CHECK(parsed.response.body_truncated == row.truncated);
    }
  }
}

TEST_CASE("http/response_parser: what is no answer is refused with a reason") {
  struct Row {
    std::string bytes, message;
  };
  const Row rows[] = {
      {"SSH-2.0-OpenSSH\r\n", "no status line"},
      {"HTTP/1.1\r\n\r\n", "no status line"},
      {"HTTP/x.1 200 OK\r\n\r\n", "no status line"},
      {"HTTP/11.1 200 OK\r\n\r\n", "no status line"},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", "no status line"},
      {"HTTP/1.1 20 OK\r\n\r\n", "bad status code"},
      {"HTTP/1.1 2x0 OK\r\n\r\n", "bad status code"},
      {"HTTP/1.1 -20 OK\r\n\r\n", "bad status code"},
      {"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "without colon"},
      {"HTTP/1.1 200 OK\r\n indented: x\r\n\r\n", "indented"},
      {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "bad Content-Length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "bad Content-Length"},
      {"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "bad Content-Length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", "bad Content-Length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "bad Content-Length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "two lengths"},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {row.bytes.size(), std::size_t{1}}) {
      CAPTURE(row.bytes);
      const Parsed parsed = parse(row.bytes, piece);
      REQUIRE_FALSE(parsed.ok);
      CHECK(parsed.error.code == ErrorCode::kProtocol);
      CHECK(parsed.error.message.find(row.message) != std::string::npos);
    }
  }
}

TEST_CASE("http/response_parser: a stream that ends within the head is a network error") {
  CHECK(parse("", 1).error.code == ErrorCode::kNetwork);
  CHECK(parse("", 1).error.message == "connection closed without an answer");
  CHECK(parse("HTTP/1.1 200 OK\r\nA: b\r\n", 5).error.message ==
        "connection closed within the head of the answer");
}

TEST_CASE("http/response_parser: tells where the answer ends and if the connection lives on") {
  struct Row {
    std::string bytes;
    std::size_t left;
    bool reusable;
  };
  const Row rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 0, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP", 4, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nrest", 4, true},
      {"HTTP/1.1 204 No\r\n\r\nx", 1, true},
      {"HTTP/1.1 101 Up\r\n\r\nx", 1, false},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", 0, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.bytes);
    const Parsed parsed = parse(row.bytes, row.bytes.size());
    REQUIRE(parsed.ok);
    CHECK(parsed.complete);
    CHECK(row.bytes.size() - parsed.used == row.left);
    CHECK(parsed.reusable == row.reusable);
  }
  CHECK_FALSE(parse("HTTP/1.1 200 OK\r\n\r\nhi", 9).complete);
}

TEST_CASE("http/response_parser: the answer to HEAD has no body") {
  ResponseParser::Options options;
  options.head_request = true;
  const Parsed parsed = parse("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 100, options);
  CHECK(parsed.complete);
  CHECK(parsed.reusable);
  CHECK(parsed.response.content_length == 99);
}

TEST_CASE("http/response_parser: read_to_end ignores the length") {
  ResponseParser::Options options;
  options.read_to_end = true;
  const Parsed parsed = parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello", 100, options);
  CHECK(parsed.response.body == "hello");
  CHECK_FALSE(parsed.response.body_truncated);
  CHECK_FALSE(parsed.complete);
  CHECK_FALSE(parsed.reusable);
}

TEST_CASE("http/response_parser: caps on head and body") {
  ResponseParser::Options options;
  options.max_head = 100;
  options.max_body = 4;
  const std::string long_line = "HTTP/1.1 200 OK\r\nA: " + std::string(200, 'x');
  CHECK(parse(long_line, 10, options).error.code == ErrorCode::kProtocol);
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string many;
  for (int i = 0; i < 5; ++i) many += interim;
  CHECK(parse(many, 500, options).error.code == ErrorCode::kProtocol);
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n"}) {
    CAPTURE(head);
    const Parsed parsed = parse(head + "abcdefgh", 3, options);
    CHECK(parsed.ok);
    CHECK(parsed.complete);
    CHECK(parsed.response.body == "abcd");
    CHECK(parsed.response.body_truncated);
    CHECK_FALSE(parsed.reusable);
  }
}
