#include "net/address.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::net;

TEST_CASE("net/address: parses and prints addresses") {
  struct Row {
    const char* text;
    const char* printed;  ///< null: refused
  };
  const Row rows[] = {
      {"1.2.3.4", "1.2.3.4"},
      {"255.255.255.255", "255.255.255.255"},
      {"::1", "::1"},
      {"[::1]", "::1"},
      {"2001:0DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
      {"", nullptr},
      {"1.2.3", nullptr},
      {"1.2.3.4.5", nullptr},
      {"1.2.3.256", nullptr},
      {"0x7f.0.0.1", nullptr},
      {"2130706433", nullptr},
      {"[1.2.3.4]", nullptr},
      {"[]", nullptr},
      {":::", nullptr},
      {"fe80::1%eth0", nullptr},
      {"example.com", nullptr},
      {" 1.2.3.4", nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto ip = IpAddress::parse(row.text);
    REQUIRE(ip.ok() == (row.printed != nullptr));
    if (row.printed) CHECK(ip->to_string() == row.printed);
    if (!row.printed) CHECK(ip.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0x", 9)).ok());
}

TEST_CASE("net/address: tells loopback and private addresses") {
  struct Row {
    const char* text;
    bool loopback, is_private;
  };
  const Row rows[] = {
      {"127.0.0.1", true, true},
      {"127.9.8.7", true, true},
      {"::1", true, true},
      {"::ffff:127.0.0.1", true, true},
      {"10.0.0.1", false, true},
      {"11.0.0.1", false, false},
      {"172.15.0.1", false, false},
      {"172.16.0.1", false, true},
      {"172.31.255.255", false, true},
      {"172.32.0.1", false, false},
      {"192.168.1.1", false, true},
      {"169.254.1.1", false, true},
      {"0.0.0.0", false, true},
      {"8.8.8.8", false, false},
      {"::", false, true},
      {"fe80::1", false, true},
      {"fd00::1", false, true},
      {"2001:db8::1", false, false},
      {"::ffff:10.0.0.1", false, true},
      {"::ffff:8.8.8.8", false, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto ip = IpAddress::parse(row.text);
    REQUIRE(ip.ok());
    CHECK(ip->is_loopback() == row.loopback);
    CHECK(ip->is_private() == row.is_private);
  }
}

TEST_CASE("net/address: socket addresses take a default port") {
  struct Row {
    const char* text;
    const char* printed;
  };
  const Row rows[] = {
      {"1.2.3.4", "1.2.3.4:53"},
      {"1.2.3.4:5353", "1.2.3.4:5353"},
      {"::1", "[::1]:53"},
      {"[::1]", "[::1]:53"},
      {"[::1]:5353", "[::1]:5353"},
      {"1.2.3.4:0", "1.2.3.4:0"},
      {"1.2.3.4:65535", "1.2.3.4:65535"},
      {"1.2.3.4:65536", nullptr},
      {"1.2.3.4:", nullptr},
      {"1.2.3.4:-1", nullptr},
      {"1.2.3.4:5x", nullptr},
      {"[::1]5", nullptr},
      {":53", nullptr},
      {"", nullptr},
      {"[::1:53", nullptr},
      {"1:2:3", nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto address = SocketAddress::parse(row.text, 53);
    REQUIRE(address.ok() == (row.printed != nullptr));
    if (row.printed) CHECK(address->to_string() == row.printed);
  }
}

TEST_CASE("net/address: goes to the kernel's form and back") {
  for (const char* text : {"1.2.3.4:80", "[2001:db8::2]:443"}) {
    const auto address = SocketAddress::parse(text, 0);
    REQUIRE(address.ok());
    sockaddr_storage storage;
    CHECK(address->to(storage) > 0);
    CHECK(storage.ss_family == address->family());
    CHECK(SocketAddress::from(storage) == *address);
    CHECK(std::hash<SocketAddress>{}(SocketAddress::from(storage)) ==
          std::hash<SocketAddress>{}(*address));
  }
}

TEST_CASE("net/address: ranges clear host bits and iterate lazily") {
  struct Row {
    const char* text;
    const char* printed;
    std::uint64_t count;
    const char* last;
  };
  const Row rows[] = {
      {"10.1.2.3/8", "10.0.0.0/8", 1u << 24, "10.255.255.255"},
      {"192.168.1.77/30", "192.168.1.76/30", 4, "192.168.1.79"},
      {"1.2.3.4/32", "1.2.3.4/32", 1, "1.2.3.4"},
      {"1.2.3.4/0", "0.0.0.0/0", std::uint64_t{1} << 32, "255.255.255.255"},
      {"2001:db8::ff/120", "2001:db8::/120", 256, "2001:db8::ff"},
      {"2001:db8::/32", "2001:db8::/32", std::uint64_t{1} << 63, "2001:db8::7fff:ffff:ffff:ffff"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto range = Cidr::parse(row.text);
    REQUIRE(range.ok());
    CHECK(range->to_string() == row.printed);
    CHECK(range->count() == row.count);
    CHECK(range->at(row.count - 1).to_string() == row.last);
    CHECK(range->contains(range->at(0)));
    CHECK(range->contains(range->at(row.count - 1)));
  }
  for (const char* bad : {"", "/", "1.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "::/129",
                          "x/8", "1.2.3.4/8x", "1.2.3.4/+8", "1.2.3.4/-0"}) {
    CAPTURE(bad);
    CHECK_FALSE(Cidr::parse(bad).ok());
  }
}

TEST_CASE("net/address: a range does not contain its neighbours") {
  const auto range = Cidr::parse("10.0.0.0/9");
  REQUIRE(range.ok());
  CHECK(range->contains(IpAddress::v4(0x0a7fffff)));
  CHECK_FALSE(range->contains(IpAddress::v4(0x0a800000)));
  CHECK_FALSE(range->contains(IpAddress::v4(0x09ffffff)));
  CHECK_FALSE(range->contains(*IpAddress::parse("a00::")));
}
