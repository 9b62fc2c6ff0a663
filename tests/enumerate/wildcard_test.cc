// Wildcards of each kind that zones have, through the whole engine.
#include "enumerate/wildcard.h"

#include <doctest/doctest.h>

#include "engine_fixture.h"

using namespace m8;
using namespace m8::enumerate;
using namespace m8::enumerate::test;

namespace {

std::vector<std::string> guesses(int count, std::vector<std::string> real = {}) {
  for (int i = 0; i < count; ++i) real.push_back("w" + std::to_string(i));
  return real;
}

Set found_in(const TestZone& zone, std::vector<std::string> words, bool strict = false) {
  Responder server(zone);
  Outcome out;
  enumerate_with(out, server, brute_force({"z.test"}, std::move(words)), {}, strict);
  CHECK(out.status.ok());
  return out.sink.set();
}

}  // namespace

TEST_CASE("enumerate/wildcard: of one type says nothing of the others") {
  const auto aaaa = TestZone()
                        .host("*.z.test", "2001:db8::99")
                        .host("four.z.test", "192.0.2.5")
                        .host("six.z.test", "2001:db8::6");
  CHECK(found_in(aaaa, guesses(50, {"four", "six"})) == Set{"four.z.test", "six.z.test"});
  const auto cname = TestZone()
                         .alias("*.z.test", "sorry.z.test")
                         .host("sorry.z.test", "192.0.2.99")
                         .host("own.z.test", "192.0.2.99")
                         .alias("other.z.test", "own.z.test");
  CHECK(found_in(cname, guesses(50, {"sorry", "own", "other"})) ==
        Set{"other.z.test", "own.z.test", "sorry.z.test"});
}

TEST_CASE("enumerate/wildcard: an alias that leads nowhere, for every name") {
  const auto zone =
      TestZone().alias("*.z.test", "gone.elsewhere.test").host("real.z.test", "192.0.2.5");
  Responder server(zone);
  Outcome out;
  enumerate_with(out, server, brute_force({"z.test"}, guesses(50, {"real"})));
  CHECK(out.sink.set() == Set{"real.z.test"});
  CHECK(out.engine->counts().wildcard == 50);
}

TEST_CASE(
    "enumerate/wildcard: ends where a name exists, also one without records (RFC 4592 2.2.2)") {
  const auto zone = TestZone()
                        .host("*.z.test", "192.0.2.99")
                        .host("a.b.z.test", "192.0.2.7")    // b is an empty non-terminal
                        .host("www.z.test", "192.0.2.99");  // shares the wildcard's address
  CHECK(found_in(zone, {"b", "a.b", "x.b", "www", "x.www", "x", "y.x"}) ==
        Set{"a.b.z.test", "www.z.test"});
  CHECK(found_in(zone, {"b", "a.b", "x.b", "www", "x.www", "x", "y.x"}, true) == Set{"a.b.z.test"});
}

TEST_CASE("enumerate/wildcard: at every level its own") {
  const auto zone = TestZone()
                        .host("*.z.test", "192.0.2.97")
                        .host("*.a.z.test", "192.0.2.98")
                        .host("*.b.a.z.test", "192.0.2.99")
                        .host("x.z.test", "192.0.2.98")
                        .host("x.a.z.test", "192.0.2.97")
                        .host("x.b.a.z.test", "192.0.2.1");
  CHECK(found_in(zone, {"x", "y", "x.a", "y.a", "x.b.a", "y.b.a"}) ==
        Set{"x.a.z.test", "x.b.a.z.test", "x.z.test"});
}

TEST_CASE("enumerate/wildcard: many domains at once, each tested once") {
  constexpr int kDomains = 60, kWords = 50;
  TestZone zone;
  std::vector<std::string> domains;
  Set expected;
  for (int i = 0; i < kDomains; ++i) {
    const std::string domain = "d" + std::to_string(i) + ".test";
    domains.push_back(domain);
    zone.host("*." + domain, ("192.0.2." + std::to_string(i + 1)).c_str());
    // Where the next domain's wildcard points, so that no address tells anything by itself.
    zone.host("real." + domain, ("192.0.2." + std::to_string(i + 2)).c_str());
    expected.insert("real." + domain);
  }
  Responder server(zone);
  Outcome out;
  enumerate_with(out, server, brute_force(domains, guesses(kWords, {"real"})));
  CHECK(out.sink.set() == expected);
  CHECK(out.engine->counts().wildcard_zones == kDomains);
  // For each name its own two questions at most and one below it.
  CHECK(out.engine->queries().sent <= 3u * kDomains * (kWords + 2) + 8u * kDomains);
}

TEST_CASE("enumerate/wildcard: a pool that rotates in parts, and a name with an address of it") {
  // Three of eight addresses in each answer, as eight disjoint pools behind one balancer have them.
  std::atomic<unsigned> turn{0};
  Responder server([&turn](const Responder::Asked& asked) {
    const auto& question = asked.query.questions[0];
    if (question.name.ends_with(".own.z.test")) return only_rcode(asked, Rcode::kNxDomain);
    Message reply = reply_to(asked.query);
    const unsigned first = question.name == "own.z.test" ? 0 : turn++ % 8;
    for (unsigned i = 0; question.type == RrType::kA && i < 3; ++i) {
      const std::string ip = "192.0.2." + std::to_string((first + i) % 8);
      reply.answers.push_back(address_record(question.name, ip.c_str()));
    }
    return std::vector<std::string>{encoded(reply)};
  });
  Outcome out;
  enumerate_with(out, server, brute_force({"z.test"}, guesses(200, {"own"})));
  CHECK(out.sink.set() == Set{"own.z.test", "z.test"});
  CHECK(out.sink.names.at("own.z.test").wildcard == "shared");
}

TEST_CASE("enumerate/wildcard: SERVFAIL for names that nobody made, beside a zone that answers") {
  Responder server([](const Responder::Asked& asked) {
    const auto& name = asked.query.questions[0].name;
    const bool real = name == "z.test" || name == "real.z.test" || name == "ok.test";
    if (real) return one_address(asked);
    return only_rcode(asked, name.ends_with("ok.test") ? Rcode::kNxDomain : Rcode::kServFail);
  });
  Outcome out;
  enumerate_with(out, server, brute_force({"z.test", "ok.test"}, guesses(30, {"real"})));
  CHECK(out.sink.set() == Set{"ok.test", "real.z.test", "z.test"});
  CHECK(out.engine->counts().wildcard == 30);
  CHECK(out.engine->counts().failed == 0);
}

TEST_CASE("enumerate/wildcard: the evidence names each type") {
  dns::AnswerValues none;
  WildcardVerdict verdict;
  CHECK_FALSE(verdict.settled());
  verdict.control("abc.z.test", none);
  CHECK(verdict.settled());
  CHECK_FALSE(verdict.settled(
      WildcardVerdict::Need::kGuess));  // a guess needs controls that look like names, too
  CHECK(verdict.none());
  CHECK(verdict.evidence() == "A none; AAAA none; CNAME none; 1 controls");
  WildcardVerdict failed;
  for (int i = 0; i < 3; ++i) failed.control_failed(Rcode::kRefused);
  CHECK(failed.settled());
  CHECK(failed.fails_with(Rcode::kRefused));
  CHECK_FALSE(failed.fails_with(Rcode::kServFail));
}

TEST_CASE("enumerate/wildcard: words alone don't clear long names after one was answered") {
  using Need = WildcardVerdict::Need;
  using Label = WildcardVerdict::Label;
  dns::AnswerValues none, one;
  Message query;
  query.questions.push_back({"marzipan.z.test", RrType::kA, dns::kClassIn});
  const std::string message = one_address({query, false, 1}).front();
  one.add(bytes_of(message), RrType::kA);
  WildcardVerdict verdict;
  verdict.control("abc.z.test", none, Label::kRandom);
  verdict.control("marzipan.z.test", one, Label::kWord);
  for (int i = 0; i < 4; ++i) verdict.control("word.z.test", none, Label::kWord);
  CHECK(verdict.settled(Need::kGuess));
  CHECK(!verdict.settled(Need::kLongGuess));
  CHECK(verdict.next_label() == Label::kLike);
  verdict.control("hots1234.z.test", none, Label::kLike);
  CHECK(verdict.settled(Need::kLongGuess));
  CHECK(verdict.none());
}

namespace {

/// Answers labels below z.test that \p looks_real is true of; "own" has another address.
Responder::Handler selective_zone(std::function<bool(const std::string&)> looks_real) {
  return [looks_real = std::move(looks_real)](const Responder::Asked& asked) {
    const auto& question = asked.query.questions[0];
    const std::string& name = question.name;
    const std::string label = name.substr(0, name.find('.'));
    const bool direct = std::count(name.begin(), name.end(), '.') == 2;
    const bool known = name == "z.test" || (direct && (label == "own" || looks_real(label)));
    if (!known) return only_rcode(asked, Rcode::kNxDomain);
    Message reply = reply_to(asked.query);
    if (question.type == RrType::kA)
      reply.answers.push_back(
          address_record(name, label == "own" || label == "z" ? "192.0.2.1" : "192.0.2.99"));
    return std::vector<std::string>{encoded(reply)};
  };
}

Set found_below(Responder::Handler handler, std::vector<std::string> words) {
  Responder server(std::move(handler));
  Outcome out;
  enumerate_with(out, server, brute_force({"z.test"}, std::move(words)));
  CHECK(out.status.ok());
  return out.sink.set();
}

bool only_letters(const std::string& label) {
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

TEST_CASE("enumerate/wildcard: one that answers only what looks like a word") {
  CHECK(found_below(selective_zone(
                        [](const auto& label) { return label.size() < 12 && only_letters(label); }),
                    {"mail", "www", "own", "shop", "blog", "dev01"}) ==
        Set{"own.z.test", "z.test"});
}

TEST_CASE("enumerate/wildcard: one that answers only labels of a certain length") {
  std::vector<std::string> words{"own"};
  for (int i = 0; i < 30; ++i) words.push_back("host" + std::to_string(1000 + i));
  CHECK(found_below(selective_zone([](const auto& label) { return label.size() == 8; }), words) ==
        Set{"own.z.test", "z.test"});
}

TEST_CASE("enumerate/wildcard: a host that bears the name of a control is no wildcard") {
  std::string bearer;
  const auto handler = selective_zone([&bearer](const std::string& label) {
    if (label == "mail" || label == "www") return true;
    if (bearer.empty() && only_letters(label)) bearer = label;
    return label == bearer;
  });
  CHECK(found_below(handler, {"mail", "www", "own"}) ==
        Set{"mail.z.test", "own.z.test", "www.z.test", "z.test"});
}

TEST_CASE("enumerate/wildcard: labels like another") {
  for (const char* few : {"a", "web", "001", "123456789", "a-1"}) {
    CAPTURE(few);
    CHECK(like_label(few).empty());
  }
  const std::string like = like_label("web-server01");
  REQUIRE(like.size() == 12);
  CHECK(like != "web-server01");
  CHECK(like[3] == '-');
  CHECK(only_letters(like.substr(4, 6)));
  CHECK(only_letters(random_word()));
}
