#include "enumerate/permutations.h"

#include <functional>
#include <set>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::enumerate;

namespace {

using Exists = std::function<bool(const std::string&)>;

std::vector<net::Name> domain() { return {net::Name::parse("z.test").value()}; }

PermuteConfig config(std::vector<std::string> patterns) {
  return {std::move(patterns), {{"word", {"api", "dev", "old"}}, {"number", {"1", "2"}}}};
}

std::unique_ptr<Permutations> made(const PermuteConfig& from,
                                   const Permutations::Options& options = {}) {
  return Permutations::create(domain(), from, options).value();
}

void find(Permutations& source, const std::string& name, const char* by = "bruteforce") {
  Candidate candidate;
  candidate.name = name;
  candidate.source = by;
  model::Hostname record;
  record.hostname = name;
  source.found(candidate, record);
}

/// Runs to the end as the engine would: what \p exists says is found.
std::vector<std::string> tried(Permutations& source, const Exists& exists) {
  std::vector<std::string> names;
  Candidate candidate;
  for (;;) {
    candidate.question.reset();
    const auto next = source.next(candidate).value();
    if (next != CandidateSource::Next::kCandidate) return names;
    CHECK(candidate.guess);
    CHECK(candidate.source == "permute");
    names.push_back(candidate.name);
    const bool there = exists(candidate.name);
    if (there) find(source, candidate.name, "permute");
    source.finished(candidate, there ? Verdict::kFound : Verdict::kDenied);
  }
}

const Exists kNothing = [](const std::string&) { return false; };

}  // namespace

TEST_CASE("enumerate/permutations: words given and learned, each name once") {
  auto source = made(config({"{{sub}}-{{word}}.{{suffix}}"}));
  find(*source, "mail.z.test");
  find(*source, "web.z.test");
  const auto names = tried(*source, kNothing);
  const std::set<std::string> unique(names.begin(), names.end());
  CHECK(unique.size() == names.size());
  CHECK(unique == std::set<std::string>{"mail-api.z.test", "mail-dev.z.test", "mail-old.z.test",
                                        "web-api.z.test", "web-dev.z.test", "web-old.z.test",
                                        "mail-web.z.test", "web-mail.z.test"});
}

TEST_CASE("enumerate/permutations: a word that is learned late holds for names found early") {
  auto source = made(config({"{{word}}-{{sub}}.{{suffix}}"}));
  find(*source, "mail.z.test");
  (void)tried(*source, kNothing);
  find(*source, "shop.z.test");
  const auto names = tried(*source, kNothing);
  CHECK(std::count(names.begin(), names.end(), "shop-mail.z.test") == 1);
  CHECK(std::count(names.begin(), names.end(), "mail-shop.z.test") == 1);
}

TEST_CASE("enumerate/permutations: what two names have in common is a pattern") {
  auto source = made(config({"{{word}}.never.{{suffix}}"}));
  find(*source, "db-fra-01.z.test");
  find(*source, "db-ams-01.z.test");
  find(*source, "www-lon.z.test");
  find(*source, "x07.z.test");
  const auto names = tried(*source, kNothing);
  for (const char* name : {"db-lon-01.z.test", "db-www-01.z.test"})
    CHECK_MESSAGE(std::count(names.begin(), names.end(), name) == 1, name);
}

TEST_CASE("enumerate/permutations: numbers go on in their width as long as they are found") {
  auto source = made(config({"{{step}}.{{suffix}}"}), {.min_rate = 0, .step = 1});
  find(*source, "web08.z.test");
  const std::set<std::string> there = {"web05.z.test", "web06.z.test", "web07.z.test",
                                       "web09.z.test", "web10.z.test", "web11.z.test",
                                       "web12.z.test"};
  const auto names = tried(*source, [&](const std::string& name) { return there.contains(name); });
  const std::set<std::string> unique(names.begin(), names.end());
  for (const char* name : {"web05.z.test", "web09.z.test", "web10.z.test", "web12.z.test"})
    CHECK_MESSAGE(unique.contains(name), name);
  CHECK(source->hits() == 7);
}

TEST_CASE("enumerate/permutations: the pattern that finds more goes first") {
  PermuteConfig two = config({"{{sub}}{{word}}.{{suffix}}", "{{word}}.{{sub}}.{{suffix}}"});
  two.payloads["word"].clear();
  for (int i = 0; i < 200; ++i) two.payloads["word"].push_back("w" + std::to_string(i));
  auto source = made(two, {.budget = 400, .min_rate = 0});
  for (int i = 0; i < 20; ++i)
    find(*source, std::string("n") + static_cast<char>('a' + i) + ".z.test");
  // Whatever has three labels is there.
  const auto names = tried(*source, [](const std::string& name) {
    return std::count(name.begin(), name.end(), '.') == 3;
  });
  CHECK(names.size() == 400);
  CHECK(source->hits() > 250);  // half of them, if both had the same share
}

TEST_CASE("enumerate/permutations: ends with the budget, or when little is found, and says so") {
  auto source = made(PermuteConfig::built_in(), {.budget = 100});
  find(*source, "www.z.test");
  CHECK(tried(*source, kNothing).size() == 100);
  CHECK(source->end() == Permutations::End::kBudget);
  CHECK(source->why() == "the budget of 100 is used up");

  source = made(PermuteConfig::built_in(), {.min_rate = 0.1, .window = 50});
  find(*source, "www.z.test");
  CHECK(tried(*source, kNothing).size() == 50);
  CHECK(source->end() == Permutations::End::kMinRate);
  CHECK(source->why() == "of the last 50 tried 0 were found");

  source = made(config({"{{sub}}{{number}}.{{suffix}}"}));
  find(*source, "www.z.test");
  CHECK(tried(*source, kNothing).size() == 2);
  CHECK(source->end() == Permutations::End::kNone);
}

TEST_CASE("enumerate/permutations: what another source tried is not tried again") {
  auto source = made(config({"{{word}}.{{suffix}}"}));
  Candidate other;
  other.name = "dev.z.test";
  other.source = "bruteforce";
  source->finished(other, Verdict::kDenied);
  find(*source, "www.z.test");
  const auto names = tried(*source, kNothing);
  CHECK(std::count(names.begin(), names.end(), "dev.z.test") == 0);
  CHECK(std::count(names.begin(), names.end(), "old.z.test") == 1);
}

TEST_CASE("enumerate/permutations: nothing outside the domains") {
  auto source = made(config({"{{word}}.{{root}}", "{{word}}.other.test"}));
  find(*source, "www.z.test");
  for (const auto& name : tried(*source, kNothing)) CHECK(name.ends_with(".z.test"));
  CHECK_FALSE(Permutations::create(domain(), config({"{{gone}}.{{root}}"}), {}).ok());
  CHECK_FALSE(Permutations::create(domain(), config({}), {}).ok());
}
