#include "dns/wire.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::dns;

namespace {

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string query_bytes(std::string_view name, const QueryOptions& options = {}) {
  std::array<std::byte, kMaxQueryBytes> out;
  const std::size_t size = write_query(out, name, options);
  return {reinterpret_cast<const char*>(out.data()), size};
}

/// Header with counts, then \p rest.
std::string message(const std::string& counts, const std::string& rest) {
  return std::string("\x12\x34\x81\x80", 4) + counts + rest;
}

const std::string kOneAnswer("\0\0\0\1\0\0\0\0", 8);

Record record(std::string name, RrType type, Rdata data) {
  return {std::move(name), type, kClassIn, 300, std::move(data)};
}

}  // namespace

TEST_CASE("dns/wire: a query is the bytes of RFC 1035") {
  const std::string expected(
      "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
      "\x01"
      "a\x02"
      "bc\x00\x00\x1c\x00\x01",
      22);
  CHECK(query_bytes("a.bc", {.id = 0x1234, .type = RrType::kAaaa}) == expected);
  CHECK(query_bytes("a.bc.", {.id = 0x1234, .type = RrType::kAaaa}) == expected);
}

TEST_CASE("dns/wire: a query with EDNS tells the payload that we take") {
  const auto query = query_bytes("example.com", {.edns_payload = 1232});
  const auto decoded = decode(bytes_of(query));
  REQUIRE(decoded.ok());
  REQUIRE(decoded->edns);
  CHECK(decoded->edns->udp_payload == 1232);
  CHECK(decoded->recursion_desired);
}

TEST_CASE("dns/wire: names that can't be asked give no query") {
  const std::string label63(63, 'a');
  const std::string name253 = label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b');
  CHECK(!query_bytes(name253).empty());
  CHECK(!query_bytes(".").empty());
  CHECK(query_bytes("a\\.b\\255.c").size() == 12 + 1 + 4 + 1 + 1 + 1 + 4);
  for (const std::string& bad :
       {std::string(), std::string(64, 'a'), name253 + "b", std::string("a..b"), std::string(".a"),
        std::string("a\\"), std::string("a\\25"), std::string("a\\256")}) {
    CAPTURE(bad);
    CHECK(query_bytes(bad).empty());
  }
}

TEST_CASE("dns/wire: every type comes back as it was written") {
  Message written;
  written.id = 7;
  written.response = written.authoritative = written.recursion_available = true;
  written.rcode = Rcode::kNxDomain;
  written.questions.push_back({"www.example.com", RrType::kA, kClassIn});
  written.answers = {
      record("www.example.com", RrType::kCname, NameData{"web.example.com"}),
      record("web.example.com", RrType::kA, net::IpAddress::parse("192.0.2.1").value()),
      record("web.example.com", RrType::kAaaa, net::IpAddress::parse("2001:db8::1").value()),
      record("example.com", RrType::kMx, Mx{10, "mail.example.com"}),
      record("example.com", RrType::kTxt, Txt{{"v=spf1 -all", std::string(255, 'x')}}),
      record("_sip._tcp.example.com", RrType::kSrv, Srv{1, 2, 5060, "sip.example.com"}),
      record("example.com", RrType::kCaa, Caa{0, "issue", "ca.example"}),
      record("example.com", RrType::kDs, Ds{4711, 13, 2, "\x01\x02"}),
      record("1.2.0.192.in-addr.arpa", RrType::kPtr, NameData{"web.example.com"}),
      record("odd\\.label\\007.example", static_cast<RrType>(999), RawData{"raw"}),
  };
  written.authorities = {record("example.com", RrType::kSoa,
                                Soa{"ns1.example.com", "admin.example.com", 1, 2, 3, 4, 5}),
                         record("example.com", RrType::kNs, NameData{"."})};
  written.edns = Edns{4096, 0, true, ""};

  const auto bytes = encode(written);
  REQUIRE(bytes.ok());
  const auto read = decode(bytes_of(*bytes));
  REQUIRE(read.ok());
  CHECK(read->id == 7);
  CHECK(read->rcode == Rcode::kNxDomain);
  CHECK(read->authoritative);
  CHECK(read->questions == written.questions);
  CHECK(read->answers == written.answers);
  CHECK(read->authorities == written.authorities);
  CHECK(read->edns == written.edns);
}

TEST_CASE("dns/wire: names are compressed") {
  Message message;
  message.questions.push_back({"www.example.com", RrType::kA, kClassIn});
  message.answers = {record("WWW.example.com", RrType::kCname, NameData{"example.com"})};
  const auto bytes = encode(message);
  REQUIRE(bytes.ok());
  CHECK(bytes->size() == 12 + 17 + 4 + 2 + 10 + 2);
}

TEST_CASE("dns/wire: what does not fit is left out and TC is set") {
  Message message;
  message.questions.push_back({"example.com", RrType::kA, kClassIn});
  const auto address = net::IpAddress::parse("192.0.2.1").value();
  message.answers.assign(100, record("example.com", RrType::kA, address));
  message.edns = Edns{};
  const auto bytes = encode(message, 512);
  REQUIRE(bytes.ok());
  CHECK(bytes->size() <= 512);
  const auto read = decode(bytes_of(*bytes));
  REQUIRE(read.ok());
  CHECK(read->truncated);
  CHECK(read->answers.size() == (512 - 11 - 12 - 17) / 16);
  CHECK(read->edns);
}

TEST_CASE("dns/wire: malformed messages are protocol errors") {
  const std::string fixed("\0\1\0\1\0\0\0\0\0\4", 10);  // A, IN, ttl 0, 4 bytes
  const struct {
    const char* why;
    std::string bytes;
  } cases[] = {
      {"empty", ""},
      {"short header", "\x12\x34"},
      {"no record where one is announced", message(kOneAnswer, "")},
      {"pointer to itself", message(kOneAnswer, "\xc0\x0c" + fixed + "abcd")},
      {"pointer forward", message(kOneAnswer, "\xc0\x20" + fixed + "abcd")},
      {"half a pointer", message(kOneAnswer, "\xc0")},
      {"reserved label type", message(kOneAnswer, "\x40" + fixed + "abcd")},
      {"label past the end", message(kOneAnswer, "\x3fxx")},
      {"data past the end", message(kOneAnswer, std::string(1, '\0') + fixed + "abc")},
      {"A of five bytes", message(kOneAnswer, std::string("\0\0\1\0\1\0\0\0\0\0\5", 11) + "abcde")},
      {"TXT string past its data",
       message(kOneAnswer, std::string("\0\0\x10\0\1\0\0\0\0\0\2\5a", 13) + "bcdef")},
      {"CNAME leaves bytes over",
       message(kOneAnswer, std::string("\0\0\5\0\1\0\0\0\0\0\4\1a\0x", 15))},
      {"truncated question",
       message(std::string("\0\1\0\0\0\0\0\0", 8), std::string("\1a\0\0", 4))},
  };
  for (const auto& c : cases) {
    CAPTURE(c.why);
    const auto decoded = decode(bytes_of(c.bytes));
    REQUIRE(!decoded.ok());
    CHECK(decoded.error().code == ErrorCode::kProtocol);
  }
}

TEST_CASE("dns/wire: a name over 255 bytes is refused even when compressed") {
  // Five labels of 63, each pointing to the one before.
  std::string rest;
  std::size_t previous = 0;
  for (int i = 0; i < 5; ++i) {
    const std::size_t here = 12 + rest.size();
    rest += '\x3f' + std::string(63, 'a');
    if (previous == 0) {
      rest += '\0';
    } else {
      rest += static_cast<char>(0xc0 | previous >> 8);
      rest += static_cast<char>(previous & 0xff);
    }
    previous = here;
  }
  const std::string whole = message(kOneAnswer, rest);
  NameText name;
  std::size_t at = previous;
  CHECK(!read_name(bytes_of(whole), at, name));
}

TEST_CASE("dns/wire: a reply must carry the question that was asked") {
  const auto asked = query_bytes("www.example.com", {.id = 1});
  const auto upper = query_bytes("WWW.EXAMPLE.com", {.id = 1});
  CHECK(same_question(bytes_of(asked), bytes_of(asked)));
  CHECK(same_question(bytes_of(asked), bytes_of(upper)));
  CHECK(!same_question(bytes_of(asked), bytes_of(upper), true));
  CHECK(!same_question(bytes_of(asked), bytes_of(query_bytes("wwx.example.com"))));
  CHECK(!same_question(bytes_of(asked), bytes_of(query_bytes("example.com"))));
  CHECK(!same_question(bytes_of(asked),
                       bytes_of(query_bytes("www.example.com", {.type = RrType::kNs}))));
  CHECK(!same_question(bytes_of(asked), bytes_of(asked).first(20)));
}

TEST_CASE("dns/wire: simple data becomes lower-case text") {
  Message message;
  message.answers = {
      record("x.example", RrType::kA, net::IpAddress::parse("192.0.2.10").value()),
      record("x.example", RrType::kAaaa, net::IpAddress::parse("2001:db8::a").value()),
      record("x.example", RrType::kCname, NameData{"Web.Example"}),
      record("x.example", RrType::kMx, Mx{1, "m.example"}),
  };
  const auto bytes = encode(message);
  REQUIRE(bytes.ok());
  RecordCursor cursor(bytes_of(*bytes), kHeaderBytes, 4);
  std::string text;
  for (RecordView view; cursor.next(view);) {
    if (append_simple_data(bytes_of(*bytes), view, text)) text += ' ';
  }
  CHECK(!cursor.bad());
  CHECK(text == "192.0.2.10 2001:db8::a web.example ");
}

TEST_CASE("dns/wire: an extended rcode is put together from header and OPT") {
  Message message;
  message.rcode = Rcode::kBadVersion;
  message.edns = Edns{};
  const auto bytes = encode(message);
  REQUIRE(bytes.ok());
  const auto read = decode(bytes_of(*bytes));
  REQUIRE(read.ok());
  CHECK(read->rcode == Rcode::kBadVersion);
}
