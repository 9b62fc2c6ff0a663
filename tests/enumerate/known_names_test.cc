#include "enumerate/known_names.h"

#include <algorithm>
#include <map>

#include <doctest/doctest.h>

#include "enumerate/journaled.h"

using namespace m8;
using namespace m8::enumerate;

namespace {

struct FakeInventory final : model::Inventory {
  std::vector<model::Hostname> names;

  void add(const char* name, bool live = true) {
    model::Hostname record;
    record.domain = "example.com";
    record.hostname = name;
    record.live = live;
    record.sources = {"crtsh", "bruteforce"};
    names.push_back(record);
  }
  Result<std::vector<model::Hostname>> known(const std::string& domain, std::string_view after,
                                             std::size_t limit) override {
    std::vector<model::Hostname> page;
    for (const auto& record : names) {
      if (record.domain == domain && record.hostname > after && page.size() < limit) {
        page.push_back(record);
      }
    }
    return page;
  }
};

struct Gone final : model::Sink {
  std::vector<std::string> names;
  Status hostname(const model::Hostname& record) override {
    CHECK_FALSE(record.live);
    CHECK(record.domain == "example.com");
    names.push_back(record.hostname);
    return {};
  }
};

struct Fixture {
  FakeInventory inventory;
  Gone gone;
  FakeClock clock;
  KnownNames source{{net::Name::parse("none.org").value(), net::Name::parse("example.com").value()},
                    inventory,
                    gone,
                    clock};
  std::map<std::string, int> asked;

  /// Pulls and answers everything; \p verdict of a name and the how manieth time it is asked.
  template <typename Judge>
  void run(Judge verdict) {
    Candidate candidate;
    for (;;) {
      const auto next = source.next(candidate);
      REQUIRE(next.ok());
      if (*next != CandidateSource::Next::kCandidate) break;
      CHECK(candidate.apex == 1);
      CHECK_FALSE(candidate.guess);
      source.finished(candidate, verdict(candidate.name, ++asked[candidate.name]));
    }
    CHECK(*source.next(candidate) == CandidateSource::Next::kEnd);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "enumerate/known_names: only what is denied twice is gone") {
  const std::pair<const char*, Verdict> second[] = {
      {"a.example.com", Verdict::kDenied},   {"b.example.com", Verdict::kEmpty},
      {"c.example.com", Verdict::kDangling}, {"d.example.com", Verdict::kFound},
      {"e.example.com", Verdict::kFailed},   {"f.example.com", Verdict::kWildcard},
  };
  for (const auto& [name, verdict] : second) inventory.add(name);
  run([&](const std::string& name, int time) {
    if (time == 1) return Verdict::kDenied;
    return std::find_if(std::begin(second), std::end(second),
                        [&](const auto& entry) { return entry.first == name; })
        ->second;
  });
  CHECK(gone.names == std::vector<std::string>{"a.example.com", "b.example.com", "c.example.com"});
  CHECK(source.gone() == 3);
  CHECK(source.asked() == 6);
}

TEST_CASE_FIXTURE(Fixture, "enumerate/known_names: no answer and no question say nothing") {
  inventory.add("a.example.com");
  inventory.add("b.example.com");
  inventory.add("c.example.com");
  run([](const std::string& name, int) {
    return name[0] == 'a'   ? Verdict::kFailed
           : name[0] == 'b' ? Verdict::kOutOfScope
                            : Verdict::kNotAsked;
  });
  CHECK(gone.names.empty());
  for (const auto& [name, times] : asked) CHECK(times == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "enumerate/known_names: what was gone already is denied once, silently") {
  inventory.add("a.example.com", false);
  run([](const std::string&, int) { return Verdict::kDenied; });
  CHECK(gone.names.empty());
  CHECK(asked["a.example.com"] == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "enumerate/known_names: many pages, each name once, by its first source") {
  for (int i = 10'000; i < 12'500; ++i) {
    inventory.add(("n" + std::to_string(i) + ".example.com").c_str());
  }
  run([](const std::string&, int) { return Verdict::kFound; });
  CHECK(asked.size() == 2'500);
  CHECK(source.asked() == 2'500);
}

TEST_CASE_FIXTURE(Fixture,
                  "enumerate/known_names: proven by another source, it is not asked again") {
  inventory.add("a.example.com");
  Candidate candidate;
  REQUIRE(*source.next(candidate) == CandidateSource::Next::kCandidate);
  CHECK(candidate.source == "crtsh");
  CHECK(*source.next(candidate) == CandidateSource::Next::kNeedsFinds);
  source.finished(candidate, Verdict::kDenied);
  candidate.source = "bruteforce";
  source.finished(candidate, Verdict::kFound);
  CHECK(*source.next(candidate) == CandidateSource::Next::kEnd);
  CHECK(gone.names.empty());
}

namespace {

struct Numbered final : CandidateSource {
  int next_number = 0;
  Result<Next> next(Candidate& candidate) override {
    if (next_number == 6) return Next::kEnd;
    candidate.name = std::to_string(next_number++);
    return Next::kCandidate;
  }
};

/// 0 and 1 were finished before.
struct FakeJournal final : model::Journal {
  std::string told;
  bool begin(std::uint64_t number) override { return number > 1; }
  void finished(std::uint64_t number) override { told += " done" + std::to_string(number); }
  void failed(std::uint64_t number) override { told += " failed" + std::to_string(number); }
};

}  // namespace

TEST_CASE("enumerate/journaled: passes over what was finished, and tells what became of the rest") {
  Numbered numbers;
  FakeJournal journal;
  Journaled source(numbers, journal);
  std::string names;
  Candidate candidate;
  while (*source.next(candidate) == CandidateSource::Next::kCandidate) {
    names += candidate.name;
    source.finished(candidate, candidate.name == "4" ? Verdict::kFailed : Verdict::kDenied);
  }
  Candidate foreign;
  source.finished(foreign, Verdict::kFound);
  CHECK(names == "2345");
  CHECK(journal.told == " done2 done3 failed4 done5");
  CHECK(source.skipped() == 2);
}
