#include "oob/dns_answers.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::oob;
using dns::RrType;

namespace {

const DnsZone kZone{
    "oob.test",
    {net::IpAddress::parse("192.0.2.1").value(), net::IpAddress::parse("2001:db8::1").value()}};

dns::Message query(const std::string& name, RrType type) {
  dns::Message out;
  out.id = 7;
  out.recursion_desired = true;
  out.questions = {{name, type}};
  return out;
}

}  // namespace

TEST_CASE("oob/dns_answers: every name in the domain is the server") {
  struct Row {
    const char* name;
    RrType type;
    const char* data;
  };
  const Row rows[] = {
      {"oob.test", RrType::kA, "192.0.2.1"},        {"x.Y.oob.TEST", RrType::kA, "192.0.2.1"},
      {"x.oob.test", RrType::kAaaa, "2001:db8::1"}, {"x.oob.test", RrType::kMx, "1 mail.oob.test."},
      {"oob.test", RrType::kNs, "ns1.oob.test."},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const dns::Message reply = answer(kZone, query(row.name, row.type));
    CHECK(reply.authoritative);
    CHECK(reply.id == 7);
    REQUIRE_FALSE(reply.answers.empty());
    CHECK(reply.answers[0].name == row.name);
    const std::string data = dns::to_text(reply.answers[0].data);
    CHECK((data == row.data || data + "." == row.data));
  }
  const dns::Message none = answer(kZone, query("x.oob.test", RrType::kTxt));
  CHECK(none.answers.empty());
  CHECK(none.rcode == dns::Rcode::kNoError);
  REQUIRE(none.authorities.size() == 1);
  CHECK(none.authorities[0].type == RrType::kSoa);
}

TEST_CASE("oob/dns_answers: nothing else is answered") {
  for (const char* name : {"test", "example.com", "xoob.test", "."}) {
    CAPTURE(name);
    const dns::Message reply = answer(kZone, query(name, RrType::kA));
    CHECK(reply.rcode == dns::Rcode::kRefused);
    CHECK(reply.answers.empty());
  }
  dns::Message two = query("oob.test", RrType::kA);
  two.questions.push_back(two.questions[0]);
  CHECK(answer(kZone, two).rcode == dns::Rcode::kFormErr);
  dns::Message update = query("oob.test", RrType::kA);
  update.opcode = 5;
  CHECK(answer(kZone, update).rcode == dns::Rcode::kNotImp);
}

TEST_CASE("oob/dns_answers: a message as text") {
  CHECK(to_text(query("a.oob.test", RrType::kA)) ==
        ";; opcode: QUERY, status: NOERROR, id: 7\n"
        ";; flags: rd; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 0\n"
        "\n;; QUESTION SECTION:\n;a.oob.test.\tIN\t A\n");
  const std::string reply = to_text(answer(kZone, query("a.oob.test", RrType::kA)));
  CHECK(reply.find(";; flags: qr aa rd; QUERY: 1, ANSWER: 1,") != std::string::npos);
  CHECK(reply.find("\n;; ANSWER SECTION:\na.oob.test.\t0\tIN\tA\t192.0.2.1\n") !=
        std::string::npos);
}
