#include "dns/canary.h"

#include <doctest/doctest.h>

#include "responder.h"

using namespace m8::dns;
using namespace m8::dns::test;
using Kind = Canaries::Question::Kind;
using Verdict = Canaries::Verdict;

namespace {

std::string answer(const std::string& name, const std::vector<const char*>& addresses,
                   Rcode rcode = Rcode::kNoError) {
  Message message;
  message.response = true;
  message.rcode = rcode;
  message.questions = {{name, RrType::kA, kClassIn}};
  for (const char* address : addresses) message.answers.push_back(address_record(name, address));
  return encoded(message);
}

/// Asks \p who until a question of \p kind comes.
Canaries::Question next_of(Canaries& canaries, Kind kind, std::uint16_t who) {
  for (int i = 0; i < 20; ++i) {
    auto question = canaries.next(who);
    if (question.kind == kind) return question;
  }
  FAIL("no such question");
  return {};
}

/// Has resolvers 1 and 2 vouch for what resolver 0 said of \p name.
void make_good(Canaries& canaries, const std::string& name) {
  canaries.offer(bytes_of(answer(name, {"192.0.2.1"})), 0);
  for (const std::uint16_t who : {std::uint16_t{1}, std::uint16_t{2}}) {
    const auto survey = next_of(canaries, Kind::kSurvey, who);
    canaries.judge(survey, who, bytes_of(answer(survey.name, {"192.0.2.1"})));
  }
}

}  // namespace

TEST_CASE("dns/canary: an address for a name that can't exist is a lie") {
  Canaries canaries(3);
  const auto question = canaries.next(0);
  CHECK(question.kind == Kind::kNobody);
  CHECK(question.name.ends_with(".invalid"));
  CHECK(canaries.next(0).name != question.name);
  const auto judge = [&](const std::string& message) {
    return canaries.judge(question, 0, bytes_of(message));
  };
  CHECK(judge(answer(question.name, {"127.0.0.1"})) == Verdict::kLie);
  CHECK(judge(answer(question.name, {}, Rcode::kNxDomain)) == Verdict::kHonest);
  CHECK(judge(answer(question.name, {}, Rcode::kRefused)) == Verdict::kHonest);
}

TEST_CASE("dns/canary: a name is good when three agree, and denying two such is a lie") {
  Canaries canaries(5);
  make_good(canaries, "a.example");
  CHECK(canaries.good_names() == 1);
  make_good(canaries, "b.example");
  CHECK(canaries.good_names() == 2);
  const auto denied = [&](const std::string& name) {
    Canaries::Question question;
    while (question.name != name) question = next_of(canaries, Kind::kGood, 4);
    return canaries.judge(question, 4, bytes_of(answer(name, {}, Rcode::kNxDomain)));
  };
  CHECK(denied("a.example") == Verdict::kNothing);
  CHECK(denied("b.example") == Verdict::kLie);
}

TEST_CASE("dns/canary: the same false address for two names is a lie, other addresses are not") {
  Canaries canaries(5);
  make_good(canaries, "a.example");
  make_good(canaries, "b.example");
  const auto told = [&](const std::string& name, const char* address, std::uint16_t who) {
    Canaries::Question question;
    while (question.name != name) question = next_of(canaries, Kind::kGood, who);
    return canaries.judge(question, who, bytes_of(answer(name, {address})));
  };
  CHECK(told("a.example", "192.0.2.1", 3) == Verdict::kHonest);
  CHECK(told("a.example", "192.0.2.77", 3) == Verdict::kNothing);
  CHECK(told("b.example", "192.0.2.78", 3) == Verdict::kNothing);
  CHECK(told("a.example", "127.66.66.66", 4) == Verdict::kNothing);
  CHECK(told("a.example", "127.66.66.66", 4) == Verdict::kNothing);
  CHECK(told("b.example", "127.66.66.66", 4) == Verdict::kLie);
}

TEST_CASE("dns/canary: without agreement a name is dropped, and so is what a liar vouched for") {
  Canaries canaries(3);
  canaries.offer(bytes_of(answer("a.example", {"192.0.2.1"})), 0);
  const auto survey = next_of(canaries, Kind::kSurvey, 1);
  CHECK(canaries.judge(survey, 1, bytes_of(answer("a.example", {"192.0.2.2"}))) ==
        Verdict::kNothing);
  CHECK(canaries.next(1).kind == Kind::kNobody);
  CHECK(canaries.next(1).kind == Kind::kNobody);
  make_good(canaries, "b.example");
  canaries.forget(2);
  CHECK(canaries.good_names() == 0);
}
