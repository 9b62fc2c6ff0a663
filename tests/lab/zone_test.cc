#include "lab/zone.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::lab;
using dns::Rcode;
using dns::RrType;

namespace {

net::IpAddress ip(const char* text) { return *net::IpAddress::parse(text); }

Zone make_zone() {
  Zone zone("Example.TEST", ip("127.0.0.1"));
  zone.add_address("www", ip("127.0.0.2"));
  zone.add_alias("blog", "edge.example.test");
  zone.add_alias("edge", "www.example.test");
  zone.add_alias("lost", "nothing.example.test");
  zone.add_alias("east", "west.example.test");
  zone.add_alias("west", "east.example.test");
  zone.add_alias("away", "www.elsewhere.test");
  zone.add_address("*.dev", ip("127.0.0.9"));
  zone.add_address("a.b.dev", ip("127.0.0.8"));
  zone.add_failure("broken");
  return zone;
}

dns::Message ask(const Zone& zone, std::string name, RrType type = RrType::kA) {
  dns::Message query;
  query.id = 7;
  query.questions = {{std::move(name), type, dns::kClassIn}};
  return zone.answer(query);
}

std::string text_of(const dns::Message& message) {
  std::string out = to_string(message.rcode);
  for (const auto& record : message.answers)
    out += " " + record.name + "=" + dns::to_text(record.data);
  if (!message.authorities.empty()) out += " +soa";
  return out;
}

}  // namespace

TEST_CASE("lab/zone: answers as an authoritative server does") {
  const Zone zone = make_zone();
  const struct {
    const char* name;
    RrType type;
    const char* expected;
  } table[] = {
      {"www.example.test", RrType::kA, "NOERROR www.example.test=127.0.0.2"},
      {"WWW.Example.Test", RrType::kA, "NOERROR WWW.Example.Test=127.0.0.2"},
      {"www.example.test", RrType::kAaaa, "NOERROR +soa"},
      {"no.example.test", RrType::kA, "NXDOMAIN +soa"},
      {"blog.example.test", RrType::kA,
       "NOERROR blog.example.test=edge.example.test edge.example.test=www.example.test "
       "www.example.test=127.0.0.2"},
      {"blog.example.test", RrType::kCname, "NOERROR blog.example.test=edge.example.test"},
      {"blog.example.test", RrType::kAaaa,
       "NOERROR blog.example.test=edge.example.test edge.example.test=www.example.test +soa"},
      {"lost.example.test", RrType::kA, "NXDOMAIN lost.example.test=nothing.example.test +soa"},
      {"away.example.test", RrType::kA, "NOERROR away.example.test=www.elsewhere.test +soa"},
      {"broken.example.test", RrType::kA, "SERVFAIL"},
      {"example.com", RrType::kA, "REFUSED"},
      {"notexample.test", RrType::kA, "REFUSED"},
  };
  for (const auto& row : table) {
    CAPTURE(row.name);
    CHECK(text_of(ask(zone, row.name, row.type)) == row.expected);
  }
}

TEST_CASE("lab/zone: wildcards stop at names that exist (RFC 4592)") {
  const Zone zone = make_zone();
  CHECK(text_of(ask(zone, "x.dev.example.test")) == "NOERROR x.dev.example.test=127.0.0.9");
  CHECK(text_of(ask(zone, "y.x.dev.example.test")) == "NOERROR y.x.dev.example.test=127.0.0.9");
  CHECK(text_of(ask(zone, "x.dev.example.test", RrType::kAaaa)) == "NOERROR +soa");
  CHECK(text_of(ask(zone, "dev.example.test")) == "NOERROR +soa");
  CHECK(text_of(ask(zone, "b.dev.example.test")) == "NOERROR +soa");
  CHECK(text_of(ask(zone, "x.b.dev.example.test")) == "NXDOMAIN +soa");
}

TEST_CASE("lab/zone: a loop of aliases ends") {
  const auto reply = ask(make_zone(), "east.example.test");
  CHECK(reply.rcode == Rcode::kNoError);
  CHECK(reply.answers.size() == 16);
}

TEST_CASE("lab/zone: refuses what it does not do") {
  const Zone zone = make_zone();
  dns::Message query;
  CHECK(zone.answer(query).rcode == Rcode::kFormErr);
  query.opcode = 5;
  CHECK(zone.answer(query).rcode == Rcode::kNotImp);
  CHECK(ask(zone, "example.test", RrType::kAxfr).rcode == Rcode::kRefused);
  CHECK(ask(zone, "example.test", RrType::kSoa).answers.size() == 1);
  CHECK(ask(zone, "example.test", RrType::kNs).authoritative);
}
