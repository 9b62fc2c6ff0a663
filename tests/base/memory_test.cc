#include "base/memory.h"

#include <string>

#include <doctest/doctest.h>

using namespace m8;

TEST_CASE("base/memory: the resident size follows what is touched") {
  const std::uint64_t before = resident_bytes();
  REQUIRE(before > 0);
  const std::string touched(64u << 20, 'x');
  const std::uint64_t after = resident_bytes();
  CHECK(after >= before + (60u << 20));
  CHECK(after <= before + (70u << 20));
  CHECK(touched.back() == 'x');
}

TEST_CASE("base/memory: without a limit everything is granted and nothing is counted") {
  MemoryGovernor governor;
  MemoryGovernor::Lease lease;
  CHECK(governor.raise(lease, 1ull << 40));
  CHECK(lease.bytes() == 0);
  CHECK_FALSE(governor.tight());
  CHECK_FALSE(governor.watch());
}

TEST_CASE("base/memory: leases fill the room, then one is let past it and the others wait") {
  MemoryGovernor governor(resident_bytes() * 2 + (256u << 20));
  REQUIRE_FALSE(governor.watch());
  const std::uint64_t room = governor.room();
  REQUIRE(room > (16u << 20));
  MemoryGovernor::Lease first, second, third;
  CHECK(governor.raise(first, room / 2));
  CHECK(governor.raise(second, room / 4));
  CHECK_FALSE(governor.tight());
  CHECK(governor.raise(third, room));  // past the room: the first to ask
  CHECK_FALSE(governor.raise(first, room));
  CHECK_FALSE(governor.raise(second, room));
  CHECK(governor.tight());
  CHECK(governor.raise(third, 2 * room));  // the one that may goes on
  CHECK(governor.leased() == 2 * room + room / 2 + room / 4);
  CHECK(governor.shortages() == 1);
  third.release();
  CHECK_FALSE(governor.tight());
  CHECK(governor.raise(second, room));  // now it is its turn
  CHECK_FALSE(governor.raise(first, room));
  second.release();
  first = MemoryGovernor::Lease();
  CHECK(governor.leased() == 0);
}

TEST_CASE("base/memory: a moved lease is given back once") {
  MemoryGovernor governor(resident_bytes() + (256u << 20));
  {
    MemoryGovernor::Lease lease;
    REQUIRE(governor.raise(lease, 1000));
    const MemoryGovernor::Lease taken = std::move(lease);
    CHECK(taken.bytes() == 1000);
    CHECK(governor.leased() == 1000);
  }
  CHECK(governor.leased() == 0);
}

#ifndef M8_SANITIZED  // a sanitizer keeps what was freed
TEST_CASE("base/memory: near the limit free memory goes back, over it the run has to end") {
  const std::uint64_t before = resident_bytes();
  MemoryGovernor governor(before + (64u << 20));
  CHECK_FALSE(governor.watch());
  {
    const std::string much(80u << 20, 'x');
    CHECK(governor.watch());
    CHECK(governor.tight());
  }
  bool over = true;
  for (int i = 0; i < 20 && over; ++i) over = governor.watch();
  CHECK_FALSE(over);
  CHECK(governor.trims() >= 1);
}
#endif
