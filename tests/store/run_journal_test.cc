#include "store/run_journal.h"

#include <algorithm>
#include <random>
#include <vector>

#include <doctest/doctest.h>

using namespace m8;
using store::RunJournal;

namespace {

/// The numbers below \p end that the journal wants done.
std::vector<std::uint64_t> wanted(RunJournal& journal, std::uint64_t end) {
  std::vector<std::uint64_t> out;
  for (std::uint64_t number = 0; number < end; ++number) {
    if (journal.begin(number)) out.push_back(number);
  }
  return out;
}

using Numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("store/run_journal: what was under way is done again, what was finished is not") {
  RunJournal first;
  REQUIRE(wanted(first, 6).size() == 6);
  for (const int number : {0, 1, 3, 5}) first.finished(static_cast<std::uint64_t>(number));
  CHECK(first.text() == "1 6 2 2");
  RunJournal second;
  REQUIRE(second.restore(first.text()).ok());
  CHECK(second.text() == first.text());
  CHECK(wanted(second, 8) == Numbers{2, 4, 6, 7});
  second.finished(4);
  second.finished(7);
  CHECK(second.text() == "1 8 2 4");
}

TEST_CASE("store/run_journal: what failed is tried again by a later session only") {
  RunJournal first;
  REQUIRE(wanted(first, 3).size() == 3);
  first.failed(0);
  first.finished(1);
  first.finished(2);
  CHECK(first.text() == "1 3 0");
  RunJournal second;
  REQUIRE(second.restore(first.text()).ok());
  CHECK(wanted(second, 3) == Numbers{0});
  second.failed(0);
  CHECK(second.text() == "1 3 0");
}

TEST_CASE("store/run_journal: its size does not depend on how much was done") {
  RunJournal journal;
  for (std::uint64_t number = 0; number < 1'000'000; ++number) {
    REQUIRE(journal.begin(number));
    if (number >= 100) journal.finished(number - 100);
  }
  CHECK(journal.text().size() < 400);
}

TEST_CASE("store/run_journal: many sessions, each ended anywhere, do everything once or again") {
  std::mt19937_64 random(7);
  constexpr std::uint64_t kPieces = 5'000;
  std::vector<int> done(kPieces, 0);
  std::string text = "1 0";
  for (int session = 0; session < 400; ++session) {
    RunJournal journal;
    REQUIRE(journal.restore(text).ok());
    Numbers under_way;
    const std::uint64_t most = random() % 300;
    std::uint64_t work = 0, number = 0;
    for (; number < kPieces && work < most; ++number) {
      if (!journal.begin(number)) continue;
      ++work;
      under_way.push_back(number);
      if (under_way.size() < 20) continue;
      std::swap(under_way[random() % 20], under_way.back());
      ++done[under_way.back()];
      journal.finished(under_way.back());
      under_way.pop_back();
    }
    if (number == kPieces) {
      for (const std::uint64_t last : under_way) {
        ++done[last];
        journal.finished(last);
      }
    }
    text = journal.text();
  }
  CHECK(text == "1 5000");
  CHECK(std::count(done.begin(), done.end(), 1) == kPieces);
}

TEST_CASE("store/run_journal: damaged text is refused") {
  for (const char* text :
       {"", "1", "2 5", "1 x", "1 5 9", "1 5 1 0", "1 5 -1", "1 5,1", "1 99999999999999999999"}) {
    CAPTURE(std::string(text));
    RunJournal journal;
    const Status restored = journal.restore(text);
    REQUIRE_FALSE(restored.ok());
    CHECK(restored.error().code == ErrorCode::kCorrupt);
  }
}
