#include "probe/likeness.h"

#include <doctest/doctest.h>

#include "http/session_fixture.h"

using namespace m8;
using namespace m8::probe;

namespace {

http::Exchange answer(int status, const std::string& body, const std::string& location = "") {
  http::Exchange exchange;
  exchange.hops.emplace_back();
  http::Response& response = exchange.hops.back();
  response.status = status;
  response.body = body;
  if (!location.empty()) response.headers = {{"Location", location}};
  return exchange;
}

std::string told(const http::Exchange& a, const http::Exchange& b) {
  return difference(likeness_of(a, "www.a.test"), likeness_of(b, "x1y2.a.test"));
}

}  // namespace

TEST_CASE("probe/likeness: what tells a name from the wildcard") {
  const auto parked = answer(200, "<title>x1y2.a.test</title>this domain is parked");
  CHECK(told(answer(200, "<title>WWW.a.test</title>this domain is parked"), parked).empty());
  CHECK(told(answer(404, "<title>www.a.test</title>this domain is parked"), parked) == "status");
  CHECK(told(answer(200, "<title>Shop</title>this domain is parked"), parked) == "title");
  CHECK(told(answer(200, "<title></title>the shop, with all that it sells and more"), parked) ==
        "body");
  CHECK(told(answer(301, "", "https://www.a.test/"), answer(301, "", "https://x1y2.a.test/"))
            .empty());
  CHECK(told(answer(301, "", "/login"), answer(301, "", "/")) == "redirect");
  auto with_tls = parked;
  const auto peer = std::make_shared<net::TlsPeer>();
  peer->sha256 = "ab";
  with_tls.hops[0].tls = peer;
  CHECK(difference(likeness_of(with_tls, "x1y2.a.test"), likeness_of(parked, "x1y2.a.test")) ==
        "certificate");
}

TEST_CASE("probe/likeness: nobody answers, nothing is known") {
  test::SessionFixture http;
  std::atomic<bool> told_once{false};
  TieBreak result;
  result.verdict = TieBreak::Verdict::kSame;
  net::Url url;
  url.host = "no.test";
  compare_with_random(*http.session, url, "x.no.test", {}, [&](const TieBreak& verdict) {
    result = verdict;
    told_once = true;
    told_once.notify_one();
  });
  told_once.wait(false);
  CHECK(result.verdict == TieBreak::Verdict::kUnknown);
}
