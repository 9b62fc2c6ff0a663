#include "dns/message.h"

#include <doctest/doctest.h>

#include "dns/message_text.h"

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

TEST_CASE("dns/message: a whole message as the Go library writes it") {
  const auto record = [](const char* name, RrType type, std::uint32_t ttl, Rdata data) {
    return Record{name, type, kClassIn, ttl, std::move(data)};
  };
  Message message;
  message.id = 7;
  message.response = message.recursion_desired = message.recursion_available = true;
  message.questions.push_back({"www.example.com", RrType::kA, kClassIn});
  message.answers = {
      record("www.example.com", RrType::kCname, 300, NameData{"web.example.com"}),
      record("web.example.com", RrType::kA, 60, net::IpAddress::parse("192.0.2.1").value()),
      record("web.example.com", RrType::kTxt, 60, Txt{{"a\"b", "c d"}}),
      record("web.example.com", RrType::kMx, 60, Mx{10, "mail.example.com"}),
      record("web.example.com", RrType::kSrv, 60, Srv{1, 2, 443, "x.example.com"}),
      record("web.example.com", RrType::kCaa, 60, Caa{0, "issue", "ca.example"}),
      record("web.example.com", static_cast<RrType>(65280), 5, RawData{"ab"})};
  message.authorities = {record("example.com", RrType::kSoa, 60,
                                Soa{"ns1.example.com", "hostmaster.example.com", 1, 2, 3, 4, 5})};
  message.additionals = {
      record("ns1.example.com", RrType::kAaaa, 60, net::IpAddress::parse("2001:db8::1").value())};
  message.edns = Edns{.options = std::string("\xfd\xe9\x00\x02\x01\x02", 6)};
  // Written by github.com/miekg/dns v1.1.68.
  CHECK(to_text(message) ==
        ";; opcode: QUERY, status: NOERROR, id: 7\n"
        ";; flags: qr rd ra; QUERY: 1, ANSWER: 7, AUTHORITY: 1, ADDITIONAL: 2\n"
        "\n;; OPT PSEUDOSECTION:\n; EDNS: version 0; flags:; udp: 1232\n"
        "; LOCAL OPT: 65001:0x0102\n"
        "\n;; QUESTION SECTION:\n;www.example.com.\tIN\t A\n"
        "\n;; ANSWER SECTION:\n"
        "www.example.com.\t300\tIN\tCNAME\tweb.example.com.\n"
        "web.example.com.\t60\tIN\tA\t192.0.2.1\n"
        "web.example.com.\t60\tIN\tTXT\t\"a\\\"b\" \"c d\"\n"
        "web.example.com.\t60\tIN\tMX\t10 mail.example.com.\n"
        "web.example.com.\t60\tIN\tSRV\t1 2 443 x.example.com.\n"
        "web.example.com.\t60\tIN\tCAA\t0 issue \"ca.example\"\n"
        "web.example.com.\t5\tCLASS1\tTYPE65280\t\\# 2 6162\n"
        "\n;; AUTHORITY SECTION:\n"
        "example.com.\t60\tIN\tSOA\tns1.example.com. hostmaster.example.com. 1 2 3 4 5\n"
        "\n;; ADDITIONAL SECTION:\nns1.example.com.\t60\tIN\tAAAA\t2001:db8::1\n");
}

TEST_CASE("dns/message: text of options that are cut off") {
  for (const std::string& options :
       {std::string("\x00\x0a\x00", 3), std::string("\x00\x0a\x00\x09x", 5)}) {
    Message message;
    message.edns = Edns{.options = options};
    CHECK(to_text(message).ends_with("udp: 1232\n"));
  }
}
