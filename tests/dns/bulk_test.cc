#include "dns/bulk.h"

#include <map>

#include <doctest/doctest.h>

#include "dns/denied_names.h"
#include "responder.h"

using namespace m8;
using namespace m8::dns;
using namespace m8::dns::test;

namespace {

struct End {
  int results = 0;
  std::optional<Rcode> rcode;
  std::string denied_above;
};

/// Resolves names one after the other.
class Names final : BulkClient {
 public:
  Names(std::vector<std::string> names, Bulk::Options options)
      : names_(std::move(names)), poller_(net::Poller::create().value()) {
    options.types = {RrType::kA};
    options.resolver.in_flight = 1;
    options.resolver.timeout = std::chrono::seconds(5);
    bulk_ = Bulk::create(options, poller_, *this, SystemClock::instance()).value();
  }
  std::map<std::string, End> run() {
    bulk_->more();
    const auto deadline = SystemClock::instance().now() + std::chrono::seconds(20);
    while (!bulk_->done() && SystemClock::instance().now() < deadline)
      poller_.poll(std::chrono::milliseconds(50));
    return ends_;
  }

 private:
  Pull pull(std::string_view& name) override {
    if (next_ == names_.size()) return Pull::kEnd;
    name = names_[next_++];
    return Pull::kName;
  }
  void result(const Result& result) override {
    End& end = ends_[std::string(result.host)];
    ++end.results;
    end.rcode = result.rcode;
    end.denied_above = result.denied_above;
  }

  std::vector<std::string> names_;
  std::size_t next_ = 0;
  net::Poller poller_;
  std::unique_ptr<Bulk> bulk_;
  std::map<std::string, End> ends_;
};

/// "gone.example" and all below do not exist; "alias.example" leads to a name that does not.
std::vector<std::string> zone(const Responder::Asked& asked) {
  const std::string& name = asked.query.questions[0].name;
  if (name.ends_with("gone.example")) return only_rcode(asked, Rcode::kNxDomain);
  if (name != "alias.example") return one_address(asked);
  Message reply = reply_to(asked.query);
  reply.rcode = Rcode::kNxDomain;
  reply.answers.push_back({name, RrType::kCname, kClassIn, 60, NameData{"nowhere.example"}});
  return {encoded(reply)};
}

const std::vector<std::string> kNames{"gone.example", "a.gone.example", "b.a.gone.example",
                                      "here.example", "alias.example",  "x.alias.example"};

}  // namespace

TEST_CASE("dns/bulk: nothing is asked below a name that does not exist") {
  Responder server(zone);
  Bulk::Options options;
  options.resolver.servers = {server.address()};
  auto ends = Names(kNames, options).run();
  REQUIRE(ends.size() == kNames.size());
  for (const auto& [name, end] : ends) CHECK(end.results == 1);
  CHECK(ends["gone.example"].denied_above.empty());
  CHECK(ends["a.gone.example"].rcode == Rcode::kNxDomain);
  CHECK(ends["b.a.gone.example"].denied_above == "gone.example");
  CHECK(ends["here.example"].rcode == Rcode::kNoError);
  CHECK(ends["x.alias.example"].denied_above.empty());  // the alias exists
  CHECK(server.queries() == 4);
}

TEST_CASE("dns/bulk: on request everything is asked, and so it is on the word of the untrusted") {
  Responder server(zone), trusted(zone);
  Bulk::Options options;
  options.resolver.servers = {server.address()};
  options.cut_denied = false;
  CHECK(Names(kNames, options).run().size() == kNames.size());
  CHECK(server.queries() == 6);

  options.cut_denied = true;
  options.resolver.trusted = {trusted.address()};
  auto ends = Names(kNames, options).run();
  CHECK(ends["b.a.gone.example"].denied_above.empty());
  CHECK(server.queries() == 12);
}

TEST_CASE("dns/denied_names: the closest name above, and only names above") {
  DeniedNames names;
  CHECK(names.above("a.b.example").empty());
  names.add("b.example");
  names.add("c.b.example");
  CHECK(names.above("a.b.example") == "b.example");
  CHECK(names.above("x.y.c.b.example") == "c.b.example");
  CHECK(names.above("b.example").empty());
  CHECK(names.above("ab.example").empty());
  CHECK(names.above("example").empty());
  CHECK(names.above("").empty());
}
