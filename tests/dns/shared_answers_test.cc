#include "dns/shared_answers.h"

#include <atomic>
#include <future>

#include <doctest/doctest.h>

#include "cache/memory.h"
#include "dns/host_lookup.h"
#include "responder.h"

using namespace m8;
using namespace m8::dns;
using namespace m8::dns::test;

namespace {

std::string look_up(net::HostLookup& lookup, const std::string& host) {
  std::promise<std::string> promise;
  lookup.lookup(host, [&](Result<net::HostLookup::Addresses> result) {
    promise.set_value(result.ok() ? (*result)[0].to_string() + "/" +
                                        (result->aliases.empty() ? "" : result->aliases[0])
                                  : to_string(result.error().code));
  });
  return promise.get_future().get();
}

std::vector<std::string> zone(const Responder::Asked& asked) {
  const std::string& name = asked.query.questions[0].name;
  Message reply = reply_to(asked.query);
  if (name == "gone.example") {
    reply.rcode = Rcode::kNxDomain;
  } else if (name == "broken.example") {
    reply.rcode = Rcode::kServFail;
  } else if (asked.query.questions[0].type == RrType::kA) {
    reply.answers = {{name, RrType::kCname, kClassIn, 300, NameData{"edge.example"}},
                     address_record("edge.example", "192.0.2.1")};
  }
  return {encoded(reply)};
}

/// zone(), counting.
Responder::Handler counted(std::atomic<int>& asked) {
  return [&asked](const Responder::Asked& one) {
    ++asked;
    return zone(one);
  };
}

/// A process of its own, as far as the look-up knows.
std::unique_ptr<dns::HostLookup> process(const Responder& server, cache::Backend& shared,
                                         Clock& clock) {
  HostLookupOptions options;
  options.resolver.servers = {server.address()};
  options.resolver.timeout = std::chrono::seconds(20);
  options.shared = &shared;
  return dns::HostLookup::create(std::move(options), clock).value();
}

}  // namespace

TEST_CASE("dns/shared_answers: what one process has learned another does not ask") {
  std::atomic<int> asked{0}, others_asked{0};
  Responder server(counted(asked)), others(counted(others_asked));
  cache::Memory shared({});
  SystemClock clock;
  const auto first = process(server, shared, clock);
  CHECK(look_up(*first, "www.example") == "192.0.2.1/edge.example");
  CHECK(look_up(*first, "gone.example") == "not found");
  CHECK(look_up(*first, "broken.example") == "network");
  const int before = asked;
  const auto second = process(server, shared, clock);
  CHECK(look_up(*second, "WWW.example.") == "192.0.2.1/edge.example");
  CHECK(look_up(*second, "gone.example") == "not found");
  CHECK(asked == before);
  // That a resolver failed is its own affair, and other resolvers may know better.
  CHECK(look_up(*second, "broken.example") == "network");
  CHECK(asked > before);
  const auto third = process(others, shared, clock);
  CHECK(look_up(*third, "www.example") == "192.0.2.1/edge.example");
  CHECK(others_asked > 0);
}

TEST_CASE("dns/shared_answers: an answer is good until its TTL is over, however it is kept") {
  FakeClock clock;
  cache::Memory memory({}, SystemClock::instance());
  SharedAnswers answers(memory, "r", clock);
  answers.keep("a", {net::IpAddress::v4(0x01020304)}, std::chrono::seconds(10));
  const auto find = [&] {
    std::chrono::seconds left{-1};
    bool there = false;
    answers.find("a", [&](const std::optional<SharedAnswer>& answer, std::chrono::seconds rest) {
      there = answer.has_value();
      left = rest;
    });
    return there ? left.count() : -1;
  };
  CHECK(find() == 10);
  clock.advance(std::chrono::seconds(7));
  CHECK(find() == 3);
  clock.advance(std::chrono::seconds(3));
  CHECK(find() == -1);
}

TEST_CASE("dns/shared_answers: text and back; anything else is nothing") {
  SharedAnswer answer;
  answer.expires = 12;
  answer.addresses = {net::IpAddress::v4(0x01020304), net::IpAddress::parse("2001:db8::1").value()};
  answer.addresses.aliases = {"edge.example"};
  const std::string text = answer.to_text();
  CHECK(text == "12\nA 1.2.3.4\nA 2001:db8::1\nC edge.example\n.\n");
  const auto again = SharedAnswer::parse(text);
  REQUIRE(again);
  CHECK(again->to_text() == text);
  CHECK(SharedAnswer::parse("12\n.\n"));
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    CHECK_FALSE(SharedAnswer::parse(text.substr(0, i)));
  for (const char* bad : {"", "x\n.\n", "1\nA x\n.\n", "1\nC -\x01\n.\n", "1\nB 1\n.\n",
                          "1\n.\nA 1.2.3.4\n", "99999999999999999999999\n.\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(SharedAnswer::parse(bad));
  }
}
