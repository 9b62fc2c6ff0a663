// A session with everything it borrows, for tests.
#pragma once

#include <map>

#include <doctest/doctest.h>

#include "base/guarded.h"
#include "http/session.h"

namespace m8::test {

/// Names from a table; a name that isn't in it is not found, "never.test" is never answered.
class TableLookup final : public net::HostLookup {
 public:
  std::map<std::string, std::vector<std::string>> table, aliases;
  std::atomic<int> asked{0};
  Guarded<std::vector<Callback>> unanswered;

  void lookup(const std::string& host, Callback done) override {
    ++asked;
    if (host == "never.test") return unanswered.lock()->push_back(std::move(done));
    const auto found = table.find(host);
    if (found == table.end()) return done(Error{ErrorCode::kNotFound, "no such name"});
    Addresses addresses;
    for (const std::string& text : found->second)
      addresses.push_back(net::IpAddress::parse(text).value());
    if (const auto via = aliases.find(host); via != aliases.end()) addresses.aliases = via->second;
    done(std::move(addresses));
  }
};

struct SessionFixture {
  TableLookup lookup;
  net::Scope scope;
  net::RateLimiter limiter;
  std::unique_ptr<http::Session> session;

  static http::Session::Options default_options() {
    http::Session::Options options;
    options.retry_delay = std::chrono::milliseconds(1);
    options.service.retries = 0;
    return options;
  }
  explicit SessionFixture(http::Session::Options options = default_options(),
                          net::RateLimiter::Options rate = {},
                          Clock& clock = SystemClock::instance())
      : limiter(rate, clock) {
    lookup.table["a.test"] = {"127.0.0.1"};
    lookup.table["b.test"] = {"127.0.0.1"};
    auto made = http::Session::create(options, lookup, scope, limiter, clock);
    REQUIRE(made.ok());
    session = std::move(made).value();
  }
  Result<http::Exchange> fetch(http::Request request) {
    return session->fetch(std::move(request), {});
  }
};

inline http::Request request_for(const std::string& url) {
  http::Request request;
  auto parsed = net::Url::parse(url);
  REQUIRE(parsed.ok());
  request.url = std::move(parsed).value();
  request.headers = {{"Host", request.url.authority()}, {"User-Agent", "t"}};
  request.retries = 0;
  request.timeout = std::chrono::seconds(5);
  return request;
}

}  // namespace m8::test
