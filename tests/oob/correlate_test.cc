#include "oob/correlate.h"

#include <doctest/doctest.h>

#include "oob/identity.h"

using namespace m8;
using namespace m8::oob;

namespace {

constexpr const char* kClient = "9m4e2mr0ui3e8a215n4g";

class Recorder final : public Correlator::Waiting {
 public:
  explicit Recorder(std::size_t size = 100) : size_(size) {}
  void called(std::shared_ptr<const model::Interaction> interaction,
              Correlator::Ticket ticket) override {
    calls.push_back(std::move(interaction));
    tickets.push_back(std::move(ticket));
  }
  std::size_t bytes() const override { return size_; }

  std::vector<std::shared_ptr<const model::Interaction>> calls;
  std::vector<Correlator::Ticket> tickets;

 private:
  std::size_t size_;
};

model::Interaction interaction(const std::string& id, const std::string& protocol = "dns") {
  model::Interaction out;
  out.protocol = protocol;
  out.unique_id = id;
  return out;
}

struct Fixture {
  explicit Fixture(CorrelatorOptions options = {})
      : correlator(kClient, "oob.test", options, clock) {}
  std::string id() { return Correlator::id_of(correlator.new_url()); }

  FakeClock clock;
  Correlator correlator;
};

}  // namespace

TEST_CASE("oob/correlate: every URL is new and bears the client's id") {
  Fixture fixture;
  const std::string one = fixture.correlator.new_url(), other = fixture.correlator.new_url();
  CHECK(one != other);
  CHECK(one.starts_with(kClient));
  CHECK(one.ends_with(".oob.test"));
  CHECK(Correlator::id_of(one).size() == kUniqueIdChars);
  CHECK(fixture.correlator.counts().urls == 2);
}

TEST_CASE("oob/correlate: an interaction finds its request, whichever comes first") {
  Fixture fixture;
  const std::string before = fixture.id(), after = fixture.id();
  auto request = std::make_shared<Recorder>();
  fixture.correlator.deliver(interaction(before, "http"));
  fixture.correlator.hold({before, after}, request);
  REQUIRE(request->calls.size() == 1);
  CHECK(request->calls[0]->protocol == "http");
  fixture.correlator.deliver(interaction(after));
  REQUIRE(request->calls.size() == 2);
  CHECK(request->calls[1]->unique_id == after);
  fixture.correlator.deliver(interaction(fixture.id()));
  CHECK(request->calls.size() == 2);
}

TEST_CASE("oob/correlate: a later request takes an earlier one's place, and hears what came") {
  Fixture fixture;
  const std::string id = fixture.id();
  auto first = std::make_shared<Recorder>(), second = std::make_shared<Recorder>();
  fixture.correlator.hold({id}, first);
  fixture.correlator.deliver(interaction(id));
  fixture.correlator.hold({id}, second);
  CHECK(second->calls.size() == 1);
  fixture.correlator.deliver(interaction(id));
  CHECK(first->calls.size() == 1);
  CHECK(second->calls.size() == 2);
}

TEST_CASE("oob/correlate: nobody hears of a settled id") {
  Fixture fixture;
  const std::string id = fixture.id(), other = fixture.id();
  auto request = std::make_shared<Recorder>();
  fixture.correlator.hold({id, other}, request);
  fixture.correlator.settle(id);
  fixture.correlator.deliver(interaction(id));
  CHECK(request->calls.empty());
  fixture.correlator.deliver(interaction(other));
  CHECK(request->calls.size() == 1);
}

TEST_CASE("oob/correlate: requests go by age, number and bytes") {
  CorrelatorOptions options;
  options.max_requests = 3;
  options.max_request_bytes = 1000;
  options.max_age = std::chrono::seconds(60);
  Fixture fixture(options);
  std::vector<std::string> ids;
  std::vector<std::shared_ptr<Recorder>> requests;
  const auto add = [&](std::size_t bytes) {
    ids.push_back(fixture.id());
    requests.push_back(std::make_shared<Recorder>(bytes));
    fixture.correlator.hold({ids.back()}, requests.back());
  };
  for (int i = 0; i < 4; ++i) add(100);
  CHECK(fixture.correlator.counts().waiting == 3);
  CHECK(fixture.correlator.counts().evicted == 1);
  CHECK(requests[0].use_count() == 1);
  add(950);
  CHECK(fixture.correlator.counts().waiting == 1);
  fixture.clock.advance(std::chrono::seconds(61));
  fixture.correlator.deliver(interaction(ids.back()));
  CHECK(requests.back()->calls.empty());
  CHECK(fixture.correlator.counts().waiting == 0);
}

TEST_CASE("oob/correlate: interactions that nobody waits for are bounded") {
  CorrelatorOptions options;
  options.max_interactions = 10;
  options.max_interaction_bytes = 100'000;
  Fixture fixture(options);
  for (int i = 0; i < 100; ++i) fixture.correlator.deliver(interaction(fixture.id()));
  CHECK(fixture.correlator.counts().early == 10);
  for (int i = 0; i < 10; ++i) {
    model::Interaction large = interaction(fixture.id());
    large.raw_request.assign(50'000, 'x');
    fixture.correlator.deliver(std::move(large));
  }
  CHECK(fixture.correlator.counts().early == 1);
  const std::string id = fixture.id();
  for (int i = 0; i < 1000; ++i) fixture.correlator.deliver(interaction(id));
  auto request = std::make_shared<Recorder>();
  fixture.correlator.hold({id}, request);
  CHECK(request->calls.size() == 16);
}

TEST_CASE("oob/correlate: drain waits for tickets, and tickets outlive the correlator") {
  auto request = std::make_shared<Recorder>();
  {
    Fixture fixture;
    CHECK(fixture.correlator.drain(std::chrono::milliseconds(0), {}));
    const std::string id = fixture.id();
    fixture.correlator.hold({id}, request);
    fixture.correlator.deliver(interaction(id));
    CHECK_FALSE(fixture.correlator.drain(std::chrono::milliseconds(0), {}));
    fixture.correlator.deliver(interaction(id));
    request->tickets.resize(1);
    fixture.correlator.clear();
    CHECK(fixture.correlator.counts().waiting == 0);
  }
  request->tickets.clear();
}
