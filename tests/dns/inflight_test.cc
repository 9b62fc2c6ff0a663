#include "dns/inflight.h"

#include <set>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::dns;
using std::chrono::milliseconds;

namespace {
const SteadyTime kStart{std::chrono::hours(1)};
}

TEST_CASE("dns/inflight: ids are unique and find their slot") {
  InflightTable table(5000, kStart);
  std::set<std::uint16_t> ids;
  for (int i = 0; i < 5000; ++i) {
    const auto index = table.take();
    REQUIRE(index != InflightTable::kNone);
    CHECK(ids.insert(table[index].id).second);
    CHECK(table.find(table[index].id) == index);
  }
  CHECK(table.take() == InflightTable::kNone);
  CHECK(table.available() == 0);
}

TEST_CASE("dns/inflight: a slot given back can be taken again, its id is forgotten") {
  InflightTable table(1, kStart);
  const auto index = table.take();
  const auto id = table[index].id;
  table.release(index);
  CHECK(table.find(id) == InflightTable::kNone);
  CHECK(table.used() == 0);
  CHECK(table.take() == index);
}

TEST_CASE("dns/inflight: a new id goes into the query, the old one is forgotten") {
  InflightTable table(4, kStart);
  const auto index = table.take();
  auto& slot = table[index];
  slot.query_size = static_cast<std::uint16_t>(write_query(slot.query, "a.example", {slot.id}));
  const auto before = slot.id;
  table.renew_id(index);
  CHECK(slot.id != before);
  CHECK(table.find(before) == InflightTable::kNone);
  CHECK(table.find(slot.id) == index);
  Header header;
  REQUIRE(read_header(slot.query_bytes(), header));
  CHECK(header.id == slot.id);
}

TEST_CASE("dns/inflight: slots are overdue in their time, not before, and once") {
  InflightTable table(300, kStart);
  // Also beyond one round of the wheel (4 s).
  for (const int due : {1, 10, 100, 1000, 3999, 4096, 5000, 9000, 60000}) {
    CAPTURE(due);
    const auto index = table.take();
    table[index].token = static_cast<std::uint64_t>(due);
    table.arm(index, kStart + milliseconds(due));
  }
  std::set<std::uint64_t> seen;
  for (int now = 0; now <= 61000; now += 3) {
    for (auto index = table.next_overdue(kStart + milliseconds(now)); index != InflightTable::kNone;
         index = table.next_overdue(kStart + milliseconds(now))) {
      const auto due = static_cast<int>(table[index].token);
      CHECK(now > due);
      CHECK(now <= due + 2 * 4 + 3);
      CHECK(seen.insert(table[index].token).second);
    }
  }
  CHECK(seen.size() == 9);
}

TEST_CASE("dns/inflight: after a long sleep everything is overdue") {
  InflightTable table(50, kStart);
  for (int i = 0; i < 50; ++i) table.arm(table.take(), kStart + milliseconds(i * 97));
  int overdue = 0;
  while (table.next_overdue(kStart + std::chrono::hours(1)) != InflightTable::kNone) ++overdue;
  CHECK(overdue == 50);
}

TEST_CASE("dns/inflight: disarmed and re-armed slots keep their new time") {
  InflightTable table(3, kStart);
  const auto a = table.take(), b = table.take(), c = table.take();
  for (const auto index : {a, b, c}) table.arm(index, kStart + milliseconds(10));
  table.disarm(b);
  table.arm(c, kStart + milliseconds(100));
  CHECK(table.next_overdue(kStart + milliseconds(50)) == a);
  CHECK(table.next_overdue(kStart + milliseconds(50)) == InflightTable::kNone);
  CHECK(table.next_overdue(kStart + milliseconds(150)) == c);
}
