#include "enumerate/bruteforce.h"

#include <set>

#include <doctest/doctest.h>

#include "base/temp_file.h"
#include "enumerate/words.h"

using namespace m8;
using namespace m8::enumerate;

namespace {

std::vector<std::string> all_of(BruteForce& candidates) {
  std::vector<std::string> names;
  Candidate candidate;
  for (;;) {
    const auto more = candidates.next(candidate);
    REQUIRE(more.ok());
    if (*more == CandidateSource::Next::kEnd) return names;
    names.push_back(candidate.name);
  }
}

BruteForce from_file(const std::string& text, const TempDirectory& directory) {
  const std::string path = directory.path() + "/words";
  REQUIRE(write_file_atomically(path, text).ok());
  return {{net::Name::parse("a.example").value(), net::Name::parse("b.example").value()},
          words_of_file(path).value()};
}

}  // namespace

TEST_CASE("enumerate/bruteforce: each word under each domain") {
  const auto directory = TempDirectory::create("/tmp").value();
  auto candidates = from_file("www\n# comment\n\n  Mail # trailing\n", directory);
  CHECK(all_of(candidates) == std::vector<std::string>{"www.a.example", "www.b.example",
                                                       "mail.a.example", "mail.b.example"});
}

TEST_CASE("enumerate/bruteforce: words that make no name are counted") {
  const auto directory = TempDirectory::create("/tmp").value();
  const std::string long_label(64, 'x');
  const std::string long_name = std::string(63, 'x') + "." + std::string(63, 'y') + "." +
                                std::string(63, 'z') + "." + std::string(55, 'w');
  auto candidates = from_file(long_label +
                                  "\na..b\nwith space\n.dev.\nb\xc3\xbc"
                                  "cher\n" +
                                  long_name,
                              directory);
  const auto names = all_of(candidates);
  CHECK(std::set<std::string>(names.begin(), names.end()) ==
        std::set<std::string>{"dev.a.example", "dev.b.example", "xn--bcher-kva.a.example",
                              "xn--bcher-kva.b.example"});
  CHECK(candidates.invalid_words() == 3 + 2);
}

TEST_CASE("enumerate/bruteforce: a word list that is not there is an error") {
  CHECK(words_of_file("/nonexistent/words").error().code == ErrorCode::kNotFound);
  CHECK(!words_of_file("/tmp").ok());
}

TEST_CASE("enumerate/words: the built-in labels are host labels, once each") {
  std::set<std::string_view> seen;
  for (const auto label : common_labels()) {
    CAPTURE(label);
    CHECK(net::Name::parse(label).ok());
    CHECK(net::Name::parse(label)->text() == label);
    CHECK(seen.insert(label).second);
  }
  CHECK(seen.size() > 500);
}
