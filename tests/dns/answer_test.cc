#include "dns/answer.h"

#include <doctest/doctest.h>

#include "responder.h"

using namespace m8::dns;
using namespace m8::dns::test;

namespace {

Record alias(const std::string& name, const std::string& target) {
  return {name, RrType::kCname, kClassIn, 60, NameData{target}};
}

AnswerValues values_of(const std::vector<Record>& records, RrType type = RrType::kA) {
  Message message;
  message.questions.push_back({"www.example", type, kClassIn});
  message.answers = records;
  AnswerValues values;
  values.add(bytes_of(encoded(message)), type);
  return values;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("dns/answer: the chain is followed, in any order and any case") {
  const auto values =
      values_of({address_record("Node.CDN.example", "192.0.2.2"),
                 alias("EDGE.example", "node.cdn.example"), alias("WWW.example", "Edge.example")});
  CHECK(values.of(RrType::kA) == Texts{"192.0.2.2"});
  CHECK(values.of(RrType::kCname) == Texts{"edge.example", "node.cdn.example"});
  CHECK(values.ttl() == 60);
}

TEST_CASE("dns/answer: records of other names are ignored") {
  const auto values = values_of(
      {address_record("www.example", "192.0.2.1"), address_record("bank.example", "203.0.113.66"),
       alias("other.example", "evil.example"), address_record("evil.example", "203.0.113.67")});
  CHECK(values.of(RrType::kA) == Texts{"192.0.2.1"});
  CHECK(!values.has(RrType::kCname));
}

TEST_CASE("dns/answer: a chain in a circle ends") {
  const auto values =
      values_of({alias("www.example", "b.example"), alias("b.example", "www.example")});
  CHECK(values.has(RrType::kCname));
  CHECK(!values.has(RrType::kA));
}

TEST_CASE("dns/answer: asked for CNAME, the chain is not followed beyond") {
  const auto values = values_of({alias("www.example", "b.example")}, RrType::kCname);
  CHECK(values.of(RrType::kCname) == Texts{"b.example"});
}

TEST_CASE("dns/answer: any type has its text") {
  const auto values =
      values_of({{"www.example", RrType::kMx, kClassIn, 5, Mx{10, "mail.example"}}}, RrType::kMx);
  CHECK(values.of(RrType::kMx) == Texts{"10 mail.example"});
  CHECK(values.ttl() == 5);
}

TEST_CASE("dns/answer: an answer without a question gives nothing") {
  Message message;
  message.answers.push_back(address_record("www.example", "192.0.2.1"));
  AnswerValues values;
  values.add(bytes_of(encoded(message)), RrType::kA);
  CHECK(values.empty());
}
