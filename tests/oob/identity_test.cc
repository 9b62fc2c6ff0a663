#include "oob/identity.h"

#include <set>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::oob;

namespace {

constexpr const char* kId = "c23b2la0kl1krjcrdj10cndmnioyyyyyn";

}  // namespace

TEST_CASE("oob/identity: ids have the lengths and letters of the field") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string id = make_correlation_id(SystemClock::instance().wall());
    CHECK(is_correlation_id(id));
    const std::string nonce = make_nonce();
    CHECK(nonce.size() == kNonceChars);
    CHECK(nonce.find_first_not_of("ybndrfg8ejkmcpqxot1uwisza345h769") == std::string::npos);
    seen.insert(id + nonce);
  }
  CHECK(seen.size() == 100);
  const std::string secret = make_secret();
  CHECK(secret.size() == 36);
  CHECK(secret[14] == '4');
}

TEST_CASE("oob/identity: the first four bytes of an id are its time") {
  // 0x4d88e15b: the example of the xid documentation, 9m4e2mr0ui3e8a215n4g.
  const WallTime then{std::chrono::seconds(0x4d88e15b)};
  CHECK(make_correlation_id(then).substr(0, 6) == "9m4e2m");
  CHECK(is_correlation_id("9m4e2mr0ui3e8a215n4g"));
}

TEST_CASE("oob/identity: what is no id") {
  for (const char* text :
       {"", "9m4e2mr0ui3e8a215n4", "9m4e2mr0ui3e8a215n4gg", "9m4e2mr0ui3e8a215n4h",
        "9m4e2mr0ui3e8a215nwg", "9M4E2MR0UI3E8A215N4G", "9m4e2mr0ui3e8a215n-g"}) {
    CAPTURE(text);
    CHECK_FALSE(is_correlation_id(text));
  }
}

TEST_CASE("oob/identity: ids are found in names and texts") {
  const std::string id = kId;
  struct Row {
    std::string text, full_id;
  };
  const Row rows[] = {
      {id, id},
      {id + ".oob.test", id},
      {"a.b." + id + ".oob.test.", "a.b." + id},
      {"pre-" + id + ".x", "pre-" + id},
      {"C23B2LA0KL1KRJCRDJ10CNDMNIOYYYYYN.oob.test", "C23B2LA0KL1KRJCRDJ10CNDMNIOYYYYYN"},
      {"GET /?u=http://" + id + ".oob.test/x HTTP/1.1", id},
      {"user@" + id + ".oob.test", id},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto found = find_mentions(row.text, 4);
    REQUIRE(found.size() == 1);
    CHECK(found[0].unique_id == id);
    CHECK(found[0].full_id == row.full_id);
  }
  CHECK(find_mentions(id + " " + id, 4).size() == 1);
  CHECK(find_mentions(id.substr(0, 32), 4).empty());
  CHECK(find_mentions("", 4).empty());
  CHECK(find_mentions(id + ".x " + id.substr(0, 32) + "b.x", 1).size() == 1);
}
