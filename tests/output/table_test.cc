#include "output/table.h"

#include <doctest/doctest.h>

using namespace m8::output;

TEST_CASE("output/table: columns are aligned, and a long cell loses nothing") {
  const Table table({{"ID", 4, true}, {"NAME", 6}, {"WHAT", 0}});
  CHECK(table.header() == "  ID  NAME    WHAT\n");
  CHECK(table.row({"7", "a", "x y"}) == "   7  a       x y\n");
  CHECK(table.row({"12345", "longname", ""}) == "12345  longname\n");
}

TEST_CASE("output/table: a stranger's bytes do not reach the terminal") {
  CHECK(Table({{"A", 1}}).row({"x\x1b[2J\n"}) == "x\\x1b[2J\\n\n");
}

TEST_CASE("output/table: durations and sizes for people") {
  using std::chrono::milliseconds;
  CHECK(duration_text(milliseconds(3'240)) == "3.2 s");
  CHECK(duration_text(milliseconds(245'000)) == "4 min 05 s");
  CHECK(duration_text(milliseconds(7'980'000)) == "2 h 13 min");
  CHECK(bytes_text(999) == "999 B");
  CHECK(bytes_text(17'340'000) == "17.3 MB");
  CHECK(bytes_text(2'000'000'000) == "2.0 GB");
}
