#include <doctest/doctest.h>

#include "net/address.h"
#include "probe/body_hash.h"
#include "probe/cdn.h"
#include "probe/favicon.h"
#include "probe/simhash.h"

using namespace m8;
using namespace m8::probe;

TEST_CASE("probe/simhash: alike texts are near, others far") {
  const std::uint64_t text = simhash("The quick brown fox jumps over the lazy dog");
  CHECK(text == simhash("the QUICK brown fox; jumps over the lazy dog!"));
  CHECK(simhash_distance(text, simhash("The quick brown fox jumps over the lazy cat")) < 16);
  CHECK(simhash_distance(text, simhash("something else entirely, in other words")) > 16);
  CHECK(simhash("") == ~std::uint64_t{0});
}

TEST_CASE("probe/body_hash: known values") {
  CHECK(hash_text("md5", "").value() == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(hash_text("sha1", "abc").value() == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK_FALSE(hash_text("crc", "abc").ok());
  // A full last line: once for icons, twice for bodies.
  CHECK(mime_murmur3(std::string(57, 'x')) !=
        std::stoi(hash_text("mmh3", std::string(57, 'x')).value()));
  CHECK(mime_murmur3("abc") == std::stoi(hash_text("mmh3", "abc").value()));
}

TEST_CASE("probe/cdn: the narrowest range wins") {
  const auto table = CdnTable::parse(
      R"({"cloud": {"big": ["10.0.0.0/8", "2001:db8::/32", "nonsense"]},
          "cdn": {"small": ["10.1.0.0/16", "10.1.2.0/24"]}, "waf": {"one": ["10.1.2.3/32"]}})");
  REQUIRE(table.ok());
  CHECK(table->skipped() == 1);
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.0.0", "big"},    {"10.255.255.255", "big"}, {"10.1.0.1", "small"},
      {"10.1.2.3", "one"},    {"10.1.2.4", "small"},     {"10.2.0.0", "big"},
      {"2001:db8::1", "big"}, {"9.255.255.255", ""},     {"11.0.0.0", ""},
      {"2001:db9::", ""},     {"::ffff:0:1", ""},
  };
  for (const auto& [ip, name] : cases) {
    const auto& shown = ip;
    CAPTURE(shown);
    const auto* entry = table->find(net::IpAddress::parse(ip).value());
    CHECK((entry == nullptr ? "" : entry->name) == name);
  }
  CHECK_FALSE(CdnTable::parse("{}").ok());
  CHECK_FALSE(CdnTable::parse("[").ok());
  const CdnTable known = CdnTable::builtin();
  CHECK(known.skipped() == 0);
  CHECK(known.find(net::IpAddress::parse("104.16.1.1").value())->name == "cloudflare");
  CHECK(known.find(net::IpAddress::parse("127.0.0.1").value()) == nullptr);
}

TEST_CASE("probe/favicon: where it may be, and whether it is one") {
  const auto at = net::Url::parse("https://a.test/x/y").value();
  Page page;
  CHECK(favicon_candidates(page, at, 2) == std::vector<std::string>{"https://a.test/favicon.ico"});
  page.icons = {"i.ico", "data:image/png;base64,iVBORw0KGgo=", "ftp://b/i"};
  page.base = "/base/";
  CHECK(favicon_candidates(page, at, 9) ==
        std::vector<std::string>{"https://a.test/base/i.ico", "data:image/png;base64,iVBORw0KGgo=",
                                 "https://a.test/favicon.ico"});
  CHECK(is_image(data_url_bytes("data:image/png;base64,iVBORw0KGgo=")));
  CHECK(data_url_bytes("https://a.test/").empty());
  CHECK(data_url_bytes("data:,a%20b") == "a b");
  CHECK(is_image("<?xml version='1.0'?><svg xmlns='x'/>"));
  CHECK_FALSE(is_image("<html>not found</html>"));
  CHECK_FALSE(is_image(""));
}
