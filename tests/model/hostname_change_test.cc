#include "model/hostname_change.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::model;

namespace {

using Kind = HostnameChange::Kind;
using Before = HostnameChange::Before;

constexpr WallTime kThen = WallTime(std::chrono::seconds(1000));

Hostname name(int first_seen, bool live, std::vector<std::string> a) {
  Hostname record;
  record.first_seen = WallTime(std::chrono::seconds(first_seen));
  record.live = live;
  record.a = std::move(a);
  return record;
}

std::string kind(Hostname now, std::optional<Before> before) {
  const auto change = change_of(std::move(now), kThen, std::move(before));
  return change ? to_string(change->kind) : "";
}

}  // namespace

TEST_CASE("model/hostname_change: what is now against what was then") {
  const Before up{true, {"a"}, {}, {}}, down{false, {"a"}, {}, {}};
  CHECK(kind(name(1000, true, {"a"}), {}) == "new");
  CHECK(kind(name(1000, true, {"a"}), up) == "new");  // changed since, but was not there then
  CHECK(kind(name(1001, false, {"a"}), up).empty());  // came and went
  CHECK(kind(name(999, true, {"a"}), {}).empty());    // nothing happened
  CHECK(kind(name(999, false, {"a"}), {}).empty());   // gone before
  CHECK(kind(name(999, true, {"b"}), up) == "changed");
  CHECK(kind(name(999, true, {"a"}), up).empty());  // changed and changed back
  CHECK(kind(name(999, false, {"a"}), up) == "gone");
  CHECK(kind(name(999, true, {"b"}), down) == "returned");
  CHECK(kind(name(999, false, {"a"}), down).empty());  // returned and gone again
}

TEST_CASE("model/hostname_change: kinds have names") {
  for (const Kind one : {Kind::kNew, Kind::kChanged, Kind::kGone, Kind::kReturned}) {
    CHECK(parse_change_kind(to_string(one)) == one);
  }
  CHECK_FALSE(parse_change_kind("other"));
}
