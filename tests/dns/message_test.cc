#include "dns/message.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::dns;

TEST_CASE("dns/message: type names go both ways") {
  for (const auto type : {RrType::kA, RrType::kAaaa, RrType::kCname, RrType::kNs, RrType::kMx,
                          RrType::kTxt, RrType::kSoa, RrType::kSrv, RrType::kPtr, RrType::kCaa,
                          RrType::kDs, static_cast<RrType>(65280)}) {
    CAPTURE(to_string(type));
    CHECK(parse_rr_type(to_string(type)) == type);
  }
  CHECK(parse_rr_type("aaaa") == RrType::kAaaa);
  for (const char* bad : {"", "AAA", "TYPE", "TYPE65536", "TYPE1x"}) {
    CAPTURE(bad);
    CHECK(!parse_rr_type(bad));
  }
}

TEST_CASE("dns/message: data has a presentation form") {
  CHECK(to_text(Mx{10, "mail.example"}) == "10 mail.example");
  CHECK(to_text(Txt{{"a\"b", std::string("\x01")}}) == "\"a\\\"b\" \"\\001\"");
  CHECK(to_text(Srv{1, 2, 443, "x.example"}) == "1 2 443 x.example");
  CHECK(to_text(Caa{0, "issue", "ca.example"}) == "0 issue \"ca.example\"");
  CHECK(to_text(RawData{"ab"}) == "\\# 2 6162");
  CHECK(to_text(net::IpAddress::parse("2001:db8::1").value()) == "2001:db8::1");
}

TEST_CASE("dns/message: a reply repeats what the query said") {
  Message query;
  query.id = 99;
  query.recursion_desired = true;
  query.questions.push_back({"a.example", RrType::kTxt, kClassIn});
  query.edns = Edns{};
  const Message reply = reply_to(query);
  CHECK(reply.id == 99);
  CHECK(reply.response);
  CHECK(reply.recursion_desired);
  CHECK(reply.questions == query.questions);
  CHECK(reply.edns);
}

TEST_CASE("dns/message: addresses and the names that point back at them") {
  for (const auto& [address, name] : std::vector<std::pair<std::string, std::string>>{
           {"192.0.2.1", "1.2.0.192.in-addr.arpa"},
           {"2001:db8::1",
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"}}) {
    CHECK(reverse_name(m8::net::IpAddress::parse(address).value()) == name);
    CHECK(address_of_reverse(name)->to_string() == address);
  }
  for (const char* name : {"in-addr.arpa", "example.com", "x.in-addr.arpa", ".in-addr.arpa",
                           "1.ip6.arpa", "1.2.3.4.5.in-addr.arpa"}) {
    CAPTURE(name);
    CHECK(!address_of_reverse(name));
  }
}
