#include "scan/host_budget.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::scan;

namespace {
const Error kRefused{ErrorCode::kRefused, "connect to 127.0.0.1:1: connection refused"};
const Error kReset{ErrorCode::kNetwork, "read: connection reset by peer"};
const Error kRefusedBytes{ErrorCode::kNetwork, "connection refused the request"};
const Error kSlow{ErrorCode::kTimeout, "no answer within 10 s"};
const Error kNoName{ErrorCode::kNotFound, "x.invalid: no such name"};
const Error kGarbage{ErrorCode::kProtocol, "status line: bad"};
}  // namespace

TEST_CASE("scan/host_budget: the key fills in the default port") {
  CHECK(HostBudget::key(net::Url::parse("https://a.com/x").value()) == "a.com:443");
  CHECK(HostBudget::key(net::Url::parse("http://a.com:8080").value()) == "a.com:8080");
}

TEST_CASE("scan/host_budget: permanent errors drop a host at once, and only once") {
  for (const Error& error : {kRefused, kNoName}) {
    HostBudget budget({});
    CHECK(budget.may_send("a:80"));
    const auto dropped = budget.failed("a:80", error);
    REQUIRE(dropped);
    CHECK(dropped->reason == "unresponsive permanently: " + error.message);
    CHECK(!dropped->had_answered);
    CHECK(!budget.failed("a:80", error));
    CHECK(!budget.may_send("a:80"));
    CHECK(budget.may_send("a:81"));
  }
}

TEST_CASE("scan/host_budget: temporary errors count until an answer comes") {
  HostBudget budget({true, 3, 100});
  CHECK(!budget.failed("a:80", kReset));
  CHECK(!budget.failed("a:80", kSlow));
  CHECK(budget.answered("a:80"));
  CHECK(!budget.answered("a:80"));
  CHECK(!budget.failed("a:80", kSlow));
  CHECK(!budget.failed("a:80", kSlow));
  const auto dropped = budget.failed("a:80", kReset);
  REQUIRE(dropped);
  CHECK(dropped->reason == "unresponsive 3 times");
  CHECK(dropped->had_answered);
}

TEST_CASE("scan/host_budget: what an error is called does not matter, its code does") {
  HostBudget budget({true, 3, 100});
  CHECK(!budget.failed("a:80", kRefusedBytes));
  CHECK(budget.may_send("a:80"));
  CHECK(budget.failed("a:80", {ErrorCode::kRefused, "connect: no luck"}));
}

TEST_CASE("scan/host_budget: an answer of garbage is not the host's silence") {
  HostBudget budget({true, 1, 100});
  CHECK(!budget.failed("a:80", kGarbage));
  CHECK(budget.may_send("a:80"));
}

TEST_CASE("scan/host_budget: switched off it drops nothing") {
  HostBudget budget({false, 1, 100});
  CHECK(!budget.failed("a:80", kRefused));
  CHECK(budget.may_send("a:80"));
}

TEST_CASE("scan/host_budget: it forgets the hosts not used for long") {
  HostBudget budget({true, 30, 10});
  (void)budget.failed("first:80", kRefused);
  for (int i = 0; i < 10; ++i) (void)budget.failed(std::to_string(i), kRefused);
  CHECK(!budget.may_send("first:80"));
  for (int i = 10; i < 30; ++i) (void)budget.failed(std::to_string(i), kRefused);
  CHECK(budget.may_send("first:80"));
  CHECK(!budget.may_send("29"));
}

TEST_CASE("scan/host_budget: places for templates, of each host apart") {
  HostBudget budget({.max_running = 2});
  CHECK(budget.enter("a:80"));
  CHECK(budget.enter("a:80"));
  CHECK_FALSE(budget.enter("a:80"));
  CHECK(budget.enter("b:80"));
  budget.leave("a:80");
  CHECK(budget.enter("a:80"));
  CHECK_FALSE(budget.enter("a:80"));
  budget.leave("c:80");
  HostBudget any({});
  for (int i = 0; i < 100; ++i) CHECK(any.enter("a:80"));
}
