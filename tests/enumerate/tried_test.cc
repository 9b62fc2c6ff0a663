#include "enumerate/tried.h"

#include <fstream>

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/temp_file.h"
#include "enumerate/learned.h"

using namespace m8;
using namespace m8::enumerate;

namespace {

Candidate named(const std::string& name, bool guess = true) {
  Candidate candidate;
  candidate.name = name;
  candidate.guess = guess;
  return candidate;
}

Status good() { return {}; }

}  // namespace

TEST_CASE("enumerate/tried: what ended is known in the next session, what failed is not") {
  const auto folder = TempDirectory::create("/tmp").value();
  const std::string path = folder.path() + "/tried";
  {
    auto tried = Tried::open(path, false).value();
    tried->finished(named("a.z.test"), Verdict::kFound);
    tried->finished(named("b.z.test"), Verdict::kDenied);
    tried->finished(named("c.z.test"), Verdict::kFailed);
    tried->finished(named("d.z.test"), Verdict::kNotAsked);
    Candidate numbered = named("e.z.test");
    numbered.ticket = 1;  // the journal has it
    tried->finished(numbered, Verdict::kDenied);
    CHECK_FALSE(tried->contains(named("a.z.test")));  // the same session asks nobody
    REQUIRE(tried->save(good).ok());
  }
  std::ofstream(path, std::ios::app) << "cut";  // a kill in the middle of an item
  const auto tried = Tried::open(path, true).value();
  CHECK(tried->size() == 2);
  CHECK(tried->contains(named("a.z.test")));
  CHECK(tried->contains(named("b.z.test")));
  for (const char* name : {"c.z.test", "d.z.test", "e.z.test"})
    CHECK_FALSE_MESSAGE(tried->contains(named(name)), name);
  tried->finished(named("f.z.test"), Verdict::kDenied);
  REQUIRE(tried->save(good).ok());
  CHECK(Tried::open(path, true).value()->contains(named("f.z.test")));
  CHECK(Tried::open(path, false).value()->size() == 0);
}

TEST_CASE("enumerate/tried: a name that somebody saw is asked for though a guess was tried") {
  const auto folder = TempDirectory::create("/tmp").value();
  auto tried = Tried::open(folder.path() + "/tried", false).value();
  tried->finished(named("guess.z.test", true), Verdict::kWildcard);
  tried->finished(named("seen.z.test", false), Verdict::kDenied);
  REQUIRE(tried->save(good).ok());
  tried = Tried::open(folder.path() + "/tried", true).value();
  CHECK(tried->contains(named("guess.z.test", true)));
  CHECK_FALSE(tried->contains(named("guess.z.test", false)));
  CHECK(tried->contains(named("seen.z.test", true)));
  CHECK(tried->contains(named("seen.z.test", false)));
}

TEST_CASE("enumerate/tried: nothing is written before its records are safe") {
  const auto folder = TempDirectory::create("/tmp").value();
  const std::string path = folder.path() + "/tried";
  auto tried = Tried::open(path, false).value();
  tried->finished(named("a.z.test"), Verdict::kFound);
  const Error full{ErrorCode::kExhausted, "disk full"};
  CHECK_FALSE(tried->save([&] { return Status(full); }).ok());
  CHECK(read_file(path).value().empty());
  REQUIRE(tried->save(good).ok());
  CHECK(read_file(path).value().size() == 8);
  tried->remove();
  CHECK_FALSE(read_file(path).ok());
}

TEST_CASE("enumerate/tried: a source without what was tried, which still hears of it") {
  const auto folder = TempDirectory::create("/tmp").value();
  auto tried = Tried::open(folder.path() + "/tried", false).value();
  tried->finished(named("a.z.test", false), Verdict::kFound);
  REQUIRE(tried->save(good).ok());
  tried = Tried::open(folder.path() + "/tried", true).value();
  Learned learned({net::Name::parse("z.test").value()});
  learned.offer("a.z.test", "srv");
  learned.offer("b.z.test", "srv");
  Untried source(learned, *tried);
  Candidate candidate;
  REQUIRE(source.next(candidate).value() == CandidateSource::Next::kCandidate);
  CHECK(candidate.name == "b.z.test");
  CHECK(source.skipped() == 1);
}

TEST_CASE(
    "enumerate/learned: once from each origin, inside the domains, until the last hold goes") {
  Learned learned({net::Name::parse("z.test").value(), net::Name::parse("sub.z.test").value()}, 3);
  CHECK(learned.offer("WWW.z.test", "learn"));
  CHECK_FALSE(learned.offer("www.z.test", "learn"));
  CHECK(learned.offer("www.z.test", "tls"));
  CHECK(learned.offer("*.a.sub.z.test", "tls"));
  CHECK_FALSE(learned.offer("beyond.z.test", "tls"));
  CHECK(learned.dropped() == 1);
  for (const char* name : {"notz.test", "z.test.evil.test", "a b.z.test", "", "*."})
    CHECK_FALSE_MESSAGE(learned.offer(name, "tls"), name);
  Candidate candidate;
  for (const char* name : {"www.z.test", "www.z.test", "a.sub.z.test"}) {
    REQUIRE(learned.next(candidate).value() == CandidateSource::Next::kCandidate);
    CHECK(candidate.name == name);
    CHECK_FALSE(candidate.guess);
  }
  CHECK(candidate.apex == 1);
  int woken = 0;
  learned.on_more([&] { ++woken; });
  {
    const auto first = learned.hold();
    const auto second = learned.hold();
    CHECK(learned.next(candidate).value() == CandidateSource::Next::kLater);
  }
  CHECK(woken == 1);
  CHECK(learned.next(candidate).value() == CandidateSource::Next::kNeedsFinds);
  CHECK(learned.taken().at("tls") == 2);
}
