#include "dns/host_lookup.h"

#include <future>

#include <doctest/doctest.h>

#include "responder.h"

using namespace m8;
using namespace m8::dns;
using namespace m8::dns::test;

namespace {

HostLookupOptions options_for(const Responder& server) {
  HostLookupOptions options;
  options.resolver.servers = {server.address()};
  options.resolver.timeout = std::chrono::seconds(2);
  return options;
}

std::unique_ptr<dns::HostLookup> lookup_with(HostLookupOptions options,
                                             Clock& clock = SystemClock::instance()) {
  return dns::HostLookup::create(std::move(options), clock).value();
}

/// "192.0.2.1 ..." or the error code's name.
std::string look_up(net::HostLookup& lookup, const std::string& host) {
  std::promise<std::string> promise;
  lookup.lookup(host, [&](Result<net::HostLookup::Addresses> result) {
    if (!result.ok()) return promise.set_value(to_string(result.error().code));
    std::string text;
    for (const auto& address : *result) text += (text.empty() ? "" : " ") + address.to_string();
    promise.set_value(text);
  });
  return promise.get_future().get();
}

std::vector<std::string> zone(const Responder::Asked& asked) {
  const auto& [name, type, rr_class] = asked.query.questions[0];
  Message reply = reply_to(asked.query);
  if (name == "gone.example") {
    reply.rcode = Rcode::kNxDomain;
  } else if (name == "broken.example") {
    reply.rcode = Rcode::kServFail;
  } else if (name == "silent.example") {
    return {};
  } else if (type == RrType::kA && name != "six.example" && name != "empty.example") {
    reply.answers = {address_record(name, "192.0.2.1"), address_record(name, "192.0.2.2")};
  } else if (type == RrType::kAaaa && name != "empty.example") {
    reply.answers = {address_record(name, "2001:db8::1")};
  }
  return {encoded(reply)};
}

}  // namespace

TEST_CASE("dns/host_lookup: the names that an alias leads through are told, from the cache too") {
  Responder server([](const Responder::Asked& asked) -> std::vector<std::string> {
    Message reply = reply_to(asked.query);
    reply.answers = {{"www.example", RrType::kCname, kClassIn, 300, NameData{"edge.example"}},
                     {"edge.example", RrType::kCname, kClassIn, 300, NameData{"x.cdn.example"}},
                     address_record("x.cdn.example", "192.0.2.1")};
    return {encoded(reply)};
  });
  const auto lookup = lookup_with(options_for(server));
  for (int round = 0; round < 2; ++round) {
    std::promise<std::vector<std::string>> promise;
    lookup->lookup("www.example", [&](Result<net::HostLookup::Addresses> result) {
      promise.set_value(result.ok() ? result->aliases : std::vector<std::string>{});
    });
    CHECK(promise.get_future().get() == std::vector<std::string>{"edge.example", "x.cdn.example"});
  }
}

TEST_CASE("dns/host_lookup: addresses, denials and failures") {
  Responder server(zone);
  const auto lookup = lookup_with(options_for(server));
  const std::pair<const char*, std::string> cases[] = {
      {"www.example", "192.0.2.1 192.0.2.2"},
      {"WWW.Example.", "192.0.2.1 192.0.2.2"},
      {"six.example", "2001:db8::1"},
      {"gone.example", to_string(ErrorCode::kNotFound)},
      {"empty.example", to_string(ErrorCode::kNotFound)},
      {"broken.example", to_string(ErrorCode::kNetwork)},
      {"silent.example", to_string(ErrorCode::kTimeout)},
      {"a..b", to_string(ErrorCode::kNotFound)},
      {"203.0.113.5", "203.0.113.5"},
      {"[2001:db8::5]", "2001:db8::5"},
      {"localhost", "127.0.0.1"},
      {"app.localhost", "127.0.0.1"},
  };
  for (const auto& row : cases) {
    CAPTURE(row.first);
    CHECK(look_up(*lookup, row.first) == row.second);
  }
}

TEST_CASE("dns/host_lookup: a family can be demanded") {
  Responder server(zone);
  auto options = options_for(server);
  options.family = AddressFamily::kV6Only;
  CHECK(look_up(*lookup_with(options), "www.example") == "2001:db8::1");
  options.family = AddressFamily::kV4Only;
  CHECK(look_up(*lookup_with(options), "six.example") == to_string(ErrorCode::kNotFound));
}

TEST_CASE("dns/host_lookup: the hosts file goes before the resolvers") {
  Responder server(zone);
  auto options = options_for(server);
  options.hosts["www.example"] = {net::IpAddress::parse("198.51.100.1").value()};
  CHECK(look_up(*lookup_with(options), "www.example") == "198.51.100.1");
  CHECK(server.queries() == 0);
}

TEST_CASE("dns/host_lookup: answers and denials are remembered for their time") {
  Responder server(zone);
  FakeClock clock;
  const auto lookup = lookup_with(options_for(server), clock);
  for (int i = 0; i < 3; ++i) look_up(*lookup, "www.example");
  for (int i = 0; i < 3; ++i) look_up(*lookup, "gone.example");
  CHECK(server.queries() == 2);
  clock.advance(std::chrono::seconds(301));  // the TTL is 300
  look_up(*lookup, "www.example");
  CHECK(server.queries() == 3);
}

TEST_CASE("dns/host_lookup: the cache is bounded, the oldest goes") {
  Responder server(zone);
  auto options = options_for(server);
  options.cache_entries = 2;
  const auto lookup = lookup_with(options);
  for (const char* host : {"a.example", "b.example", "c.example"}) look_up(*lookup, host);
  CHECK(server.queries() == 3);
  look_up(*lookup, "c.example");
  CHECK(server.queries() == 3);
  look_up(*lookup, "a.example");
  CHECK(server.queries() == 4);
}

TEST_CASE("dns/host_lookup: many at once for one host are one question") {
  Responder server(zone);
  const auto lookup = lookup_with(options_for(server));
  std::atomic<int> good{0};
  std::promise<void> all;
  for (int i = 0; i < 100; ++i) {
    lookup->lookup("www.example", [&](Result<net::HostLookup::Addresses> result) {
      if (result.ok() && ++good == 100) all.set_value();
    });
  }
  REQUIRE(all.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  CHECK(server.queries() == 1);
}

TEST_CASE("dns/host_lookup: too many waiting are refused, and the end cancels the rest") {
  Responder server(zone);
  auto options = options_for(server);
  options.resolver.timeout = std::chrono::seconds(60);
  options.most_waiting = 1;
  std::promise<std::string> first;
  auto lookup = lookup_with(options);
  lookup->lookup("silent.example", [&](Result<net::HostLookup::Addresses> result) {
    first.set_value(result.ok() ? "ok" : to_string(result.error().code));
  });
  CHECK(look_up(*lookup, "www.example") == to_string(ErrorCode::kExhausted));
  lookup.reset();
  CHECK(first.get_future().get() == to_string(ErrorCode::kCancelled));
}

TEST_CASE("dns/host_lookup: a lookup that comes while it ends is cancelled, not lost") {
  Responder server(zone);
  auto options = options_for(server);
  options.resolver.timeout = std::chrono::seconds(60);
  auto lookup = lookup_with(options);
  std::vector<std::string> ends;
  const auto note = [&ends](Result<net::HostLookup::Addresses> result) {
    ends.push_back(result.ok() ? "ok" : to_string(result.error().code));
  };
  // Told of its end, the first asks for the same host again and for another.
  lookup->lookup("silent.example", [&, raw = lookup.get()](auto result) {
    note(std::move(result));
    raw->lookup("silent.example", note);
    raw->lookup("www.example", note);
  });
  lookup.reset();
  const std::string cancelled = to_string(ErrorCode::kCancelled);
  CHECK(ends == std::vector<std::string>{cancelled, cancelled, cancelled});
}
