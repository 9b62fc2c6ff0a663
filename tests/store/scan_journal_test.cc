#include "store/scan_journal.h"

#include <doctest/doctest.h>

using namespace m8;
using store::ScanJournal;

TEST_CASE("store/scan_journal: a later session gets what was not finished, and nothing else") {
  std::string text;
  {
    ScanJournal journal;
    const auto first = journal.begin(0), second = journal.begin(1), third = journal.begin(2);
    for (const std::uint64_t number : {0u, 1u, 2u}) CHECK(second->begin(number));
    second->finished(0);
    second->finished(2);
    CHECK(third->begin(0));
    const auto before = journal.changes();
    journal.finished(0);
    CHECK(journal.changes() != before);
    text = journal.text();
  }
  ScanJournal journal;
  REQUIRE(journal.restore(text).ok());
  CHECK(journal.text() == text);
  CHECK(journal.begin(0) == nullptr);
  const auto second = journal.begin(1);
  REQUIRE(second != nullptr);
  CHECK_FALSE(second->begin(0));
  CHECK(second->begin(1));
  CHECK_FALSE(second->begin(2));
  CHECK(second->begin(3));
  const auto third = journal.begin(2);
  REQUIRE(third != nullptr);
  CHECK(third->begin(0));
  REQUIRE(journal.begin(3) != nullptr);
}

TEST_CASE("store/scan_journal: a text that is none is refused") {
  for (const char* text : {"", "x", "1 2 0 1;", "1 2 0 1;5", "1 2 0 1;x 1 0", "1 2 0 1;1 9 9"}) {
    ScanJournal journal;
    CHECK_FALSE_MESSAGE(journal.restore(text).ok(), text);
  }
}
