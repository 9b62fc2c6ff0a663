#include "oob/sessions.h"

#include <doctest/doctest.h>

#include "oob/client.h"
#include "oob/crypto.h"
#include "oob/identity.h"
#include "oob/rate_gate.h"

using namespace m8;
using namespace m8::oob;

namespace {

constexpr const char* kOne = "9m4e2mr0ui3e8a215n4g";
constexpr const char* kOther = "c23b2la0kl1krjcrdj10";

const KeyPair& keys() {
  static const KeyPair pair = KeyPair::generate().value();
  return pair;
}

Sessions::Registration registration(const std::string& id, const std::string& secret = "s") {
  return {id, secret, keys().public_key().value()};
}

model::Interaction interaction(const std::string& client, std::size_t size = 10) {
  model::Interaction out;
  out.protocol = "dns";
  out.unique_id = client + "cndmnioyyyyyn";
  out.raw_request.assign(size, 'q');
  return out;
}

}  // namespace

TEST_CASE("oob/sessions: a client fetches what came for it, once") {
  FakeClock clock;
  Sessions sessions({}, clock);
  REQUIRE(sessions.add(registration(kOne)).ok());
  REQUIRE(sessions.add(registration(kOther)).ok());
  CHECK(sessions.record(interaction(kOne)));
  CHECK_FALSE(sessions.record(interaction("9m4e2mr0ui3e8a215n40")));
  const auto batch = sessions.fetch(kOne, "s");
  REQUIRE(batch.ok());
  REQUIRE(batch->data.size() == 1);
  const std::string key = keys().open_key(base64_decode(batch->aes_key).value()).value();
  const auto read = open_interaction(base64_decode(batch->data[0]).value(), key);
  REQUIRE(read.ok());
  CHECK(read->raw_request == "qqqqqqqqqq");
  CHECK(sessions.fetch(kOne, "s")->data.empty());
  CHECK(sessions.fetch(kOther, "s")->data.empty());
  CHECK(sessions.counters().bytes == 0);
}

TEST_CASE("oob/sessions: ids and secrets are checked") {
  FakeClock clock;
  Sessions sessions({}, clock);
  REQUIRE(sessions.add(registration(kOne)).ok());
  CHECK(sessions.add(registration(kOne)).ok());  // a client that says it is still there
  CHECK(sessions.add(registration(kOne, "other")).error().code == ErrorCode::kExists);
  CHECK(sessions.add(registration("short")).error().code == ErrorCode::kInvalidArgument);
  CHECK(sessions.add(registration(kOther, "")).error().code == ErrorCode::kInvalidArgument);
  CHECK(sessions.add({kOther, "s", "no key"}).error().code == ErrorCode::kInvalidArgument);
  CHECK(sessions.fetch(kOne, "x").error().code == ErrorCode::kDenied);
  CHECK(sessions.fetch(kOther, "s").error().message == "could not get correlation-id from cache");
  CHECK(sessions.remove(kOne, "x").error().code == ErrorCode::kDenied);
  CHECK(sessions.remove(kOne, "s").ok());
  CHECK(sessions.remove(kOne, "s").error().code == ErrorCode::kNotFound);
}

TEST_CASE("oob/sessions: memory is bounded per client and in all") {
  FakeClock clock;
  SessionLimits limits;
  limits.max_per_session = 5;
  limits.max_session_bytes = 4000;
  limits.max_bytes = 6000;
  limits.max_sessions = 2;
  Sessions sessions(limits, clock);
  REQUIRE(sessions.add(registration(kOne)).ok());
  REQUIRE(sessions.add(registration(kOther)).ok());
  CHECK(sessions.add(registration("c23b2la0kl1krjcrdj1g")).error().code == ErrorCode::kExhausted);
  for (int i = 0; i < 10; ++i) sessions.record(interaction(kOne));
  CHECK(sessions.counters().waiting == 5);
  for (int i = 0; i < 10; ++i) sessions.record(interaction(kOne, 1500));
  CHECK(sessions.counters().waiting == 2);
  for (int i = 0; i < 2; ++i) sessions.record(interaction(kOther, 1500));
  CHECK(sessions.counters().bytes <= 6000);
  CHECK(sessions.fetch(kOne, "s")->data.size() == 1);  // the oldest of all went first
  CHECK(sessions.fetch(kOther, "s")->data.size() == 2);
}

TEST_CASE("oob/sessions: who does not ask is forgotten") {
  FakeClock clock;
  SessionLimits limits;
  limits.max_idle = std::chrono::minutes(10);
  limits.max_sessions = 2;
  Sessions sessions(limits, clock);
  REQUIRE(sessions.add(registration(kOne)).ok());
  REQUIRE(sessions.add(registration(kOther)).ok());
  sessions.record(interaction(kOther));
  clock.advance(std::chrono::minutes(9));
  CHECK(sessions.fetch(kOne, "s").ok());
  clock.advance(std::chrono::minutes(2));
  CHECK(sessions.add(registration("c23b2la0kl1krjcrdj1g")).ok());
  CHECK(sessions.fetch(kOther, "s").error().code == ErrorCode::kNotFound);
  CHECK(sessions.fetch(kOne, "s").ok());
  CHECK(sessions.counters().bytes == 0);
}

TEST_CASE("oob/rate_gate: an address may come so often in a second") {
  FakeClock clock;
  RateGate gate(3, clock), open(0, clock);
  const auto one = net::IpAddress::v4(1), other = net::IpAddress::v4(2);
  for (int i = 0; i < 3; ++i) CHECK(gate.admit(one));
  CHECK_FALSE(gate.admit(one));
  CHECK(gate.admit(other));
  clock.advance(std::chrono::seconds(1));
  CHECK(gate.admit(one));
  for (int i = 0; i < 1000; ++i) CHECK(open.admit(one));
}
