#include "base/hash.h"

#include <doctest/doctest.h>

using namespace m8;

TEST_CASE("base/hash: digests of known texts") {
  CHECK(md5_hex("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(sha1_hex("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex_encode(*hmac("sha1", "scrt", "test")) == "8856b111056d946d5c6c92a21b43c233596623c6");
  CHECK(!digest("no-such", "x").ok());
}

TEST_CASE("base/hash: murmur3 with every tail length") {
  CHECK(murmur3("") == 0);
  CHECK(static_cast<std::int32_t>(murmur3("Hello")) == 316307400);
  CHECK(static_cast<std::int32_t>(murmur3("-1")) == 1908024458);
  CHECK(murmur3("abc") == 0xb3dd93fa);
  CHECK(murmur3("test", 0x9747b28c) == 0x704b81dc);
}

TEST_CASE("base/hash: base64 both ways, strict on the way back") {
  struct Row {
    std::string plain, coded;
  };
  for (const Row& row : {Row{"", ""}, Row{"f", "Zg=="}, Row{"fo", "Zm8="}, Row{"foo", "Zm9v"},
                         Row{"foobar", "Zm9vYmFy"}, Row{"\xff\xfe", "//4="}}) {
    CAPTURE(row.coded);
    CHECK(base64_encode(row.plain) == row.coded);
    CHECK(*base64_decode(row.coded) == row.plain);
  }
  CHECK(*base64_decode("Zm9v\r\nYmFy") == "foobar");
  CHECK(base64_url_encode("\xff\xfe") == "__4");
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg==x", "Z===", "Zm9v!", "=Zg="}) {
    CAPTURE(bad);
    CHECK(!base64_decode(bad).ok());
  }
}

TEST_CASE("base/hash: hex both ways") {
  CHECK(hex_encode(std::string_view("\x00\xab", 2)) == "00ab");
  CHECK(*hex_decode("00AB") == std::string("\x00\xab", 2));
  CHECK(!hex_decode("0").ok());
  CHECK(!hex_decode("zz").ok());
}

TEST_CASE("base/hash: the seeded hash tells prefixes and lengths apart") {
  CHECK(seeded_hash("a") == seeded_hash("a"));
  CHECK(seeded_hash("") != seeded_hash(std::string_view("\0", 1)));
  CHECK(seeded_hash("0123456789abcdef") != seeded_hash("0123456789abcdef0"));
}
