#include "api/scans.h"

#include <thread>

#include <doctest/doctest.h>

#include "api/fixture.h"

using namespace m8;
using m8::test::Api;

TEST_CASE("api/scan_order: what may be asked for, in canonical form") {
  struct Row {
    const char *body, *type, *target, *options;
  };
  const Row rows[] = {
      {R"({"target":"Example.COM","scan_type":"vuln"})", "vuln", "example.com", "{}"},
      {R"({"target":"https://A.example/x?y=1#z"})", "vuln", "https://a.example/x?y=1", "{}"},
      {R"({"targets":["a.example:8080"],"type":"vuln"})", "vuln", "a.example:8080", "{}"},
      {R"({"target":"192.0.2.0/24"})", "vuln", "192.0.2.0/24", "{}"},
      {R"({"target":"[2001:db8::1]:443"})", "vuln", "[2001:db8::1]:443", "{}"},
      {R"({"target":"a.example","tags":["b","a","a"],"severity":["high"]})", "vuln", "a.example",
       R"({"severity":["high"],"tags":["a","b"]})"},
      {R"({"target":"example.com","type":"enum"})", "enum", "example.com", "{}"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const auto order = api::parse_order(row.body);
    REQUIRE(order.ok());
    CHECK(order->type == row.type);
    CHECK(order->targets == std::vector<std::string>{row.target});
    CHECK(order->options == row.options);
  }
  const std::vector<std::string> flags = {"--severity", "high", "--tags", "a,b"};
  CHECK(api::option_arguments(R"({"severity":["high"],"tags":["a","b"]})") == flags);
}

TEST_CASE("api/scan_order: what may not") {
  const char* bodies[] = {
      "",
      "[]",
      "{}",
      "{\"target\":\"a.example\"",
      R"({"target":5})",
      R"({"targets":[]})",
      R"({"target":""})",
      R"({"target":"a b"})",
      R"({"target":"a\n-t /etc"})",
      R"({"target":"--config=/etc/passwd"})",
      R"({"target":"file:///etc/passwd"})",
      R"({"target":"http://u:p@a.example/"})",
      R"({"target":"10.0.0.0/8"})",
      R"({"target":"{\"url\":\"x\"}"})",
      R"({"target":"a.example","type":"rm"})",
      R"({"target":"a.example","tags":["--help"]})",
      R"({"target":"a.example","tags":["a,b"]})",
      R"({"target":"a.example","tags":"a"})",
      R"({"target":"a.example","templates":["../x/y"]})",
      R"({"target":"a.example","severity":["worst"]})",
      R"({"target":"a.example","t":["/etc"]})",
      R"({"target":"http://a.example/","type":"enum"})",
      R"({"target":"a.example","type":"enum","tags":["a"]})",
  };
  for (const char* body : bodies) {
    CAPTURE(body);
    const auto order = api::parse_order(body);
    CHECK(!order.ok());
    if (!order.ok()) CHECK(order.error().code == ErrorCode::kInvalidArgument);
  }
  std::string many = R"({"targets":[)";
  for (int i = 0; i <= 1000; ++i) many += fmt::format("{}\"h{}.example\"", i ? "," : "", i);
  CHECK(!api::parse_order(many + "]}").ok());
}

TEST_CASE("api/scans: equal requests that are not over are one") {
  Api api;
  const std::string body = R"({"target":"a.example"})";
  const auto first = api.ask("POST", "/api/v1/scans", api.scanner, body);
  CHECK(first.status == 202);
  CHECK(Api::header(first, "Location") == "/api/v1/scans/1");
  const auto again =
      api.ask("POST", "/scan", api.scanner, R"({"target":"A.example","scan_type":"vuln"})");
  CHECK(again.status == 202);
  CHECK(json::parse(again.body).value().find("run_id")->as_int() == 1);
  CHECK(api.desk.counts().merged == 1);
  const auto other =
      api.ask("POST", "/api/v1/scans", api.scanner, R"({"target":"a.example","tags":["x"]})");
  CHECK(json::parse(other.body).value().find("id")->as_int() == 2);
  CHECK(api.desk.counts().queued == 2);
  // One that is over is asked for anew.
  CHECK(api.ask("DELETE", "/api/v1/scans/1", api.scanner).status == 200);
  CHECK(api.json_of("/api/v1/scans/1").string_at("state") == "cancelled");
  const auto anew = api.ask("POST", "/api/v1/scans", api.scanner, body);
  CHECK(json::parse(anew.body).value().find("id")->as_int() == 3);
  CHECK(api.json_of("/api/v1/scans?limit=2").find("items")->items().size() == 2);
  CHECK(api.ask("DELETE", "/api/v1/scans/9", api.scanner).status == 404);
}

TEST_CASE("api/scans: the scope of the server binds every caller") {
  Api api;
  REQUIRE(api.scope.include("example.com").ok());
  for (const char* target :
       {"example.org", "https://example.org/", "192.0.2.1", "notexample.com"}) {
    CAPTURE(target);
    const auto refused = api.ask("POST", "/api/v1/scans", api.admin,
                                 fmt::format(R"({{"targets":["a.example.com","{}"]}})", target));
    CHECK(refused.status == 403);
    CHECK(refused.body.find(target) != std::string::npos);
  }
  CHECK(api.desk.counts().queued == 0);
  CHECK(api.ask("POST", "/scan", api.admin, R"({"target":"a.example.com"})").status == 202);
}

TEST_CASE("api/scans: a full queue says so") {
  auto options = Api::waiting();
  options.max_queued = 2;
  Api api({}, options);
  for (int i = 0; i < 3; ++i) {
    const auto response =
        api.ask("POST", "/scan", api.scanner, fmt::format(R"({{"target":"h{}.example"}})", i));
    CHECK(response.status == (i < 2 ? 202 : 503));
    if (i == 2) CHECK(!Api::header(response, "Retry-After").empty());
  }
}

TEST_CASE("api/scans: an order that has no room as a whole is not begun") {
  auto options = Api::waiting();
  options.max_queued = 3;
  Api api({}, options);
  REQUIRE(api.ask("POST", "/scan", api.scanner, R"({"target":"a.example"})").status == 202);
  const auto refused = api.ask("POST", "/api/v1/scans", api.scanner,
                               R"({"targets":["a.example","b.example","c.example","d.example"]})");
  CHECK(refused.status == 503);
  CHECK(api.desk.counts().queued == 1);
  const auto fits = api.ask("POST", "/api/v1/scans", api.scanner,
                            R"({"targets":["c.example","a.example","b.example"]})");
  REQUIRE(fits.status == 202);
  const auto scans = json::parse(fits.body).value().find("scans")->items();
  REQUIRE(scans.size() == 3);
  const std::pair<const char*, bool> expected[] = {
      {"a.example", true}, {"b.example", false}, {"c.example", false}};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(scans[i].string_at("target") == expected[i].first);
    CHECK(scans[i].find("merged")->as_bool() == expected[i].second);
  }
}

TEST_CASE("api/scans: equal requests of many at once are one") {
  Api api;
  std::vector<std::thread> callers;
  std::vector<std::int64_t> first(8);
  for (std::size_t i = 0; i < first.size(); ++i) {
    callers.emplace_back([&api, &first, i] {
      for (int round = 0; round < 20; ++round) {
        const auto body = fmt::format(R"({{"targets":["a{0}.example","b{0}.example"]}})", round);
        const auto answer = api.ask("POST", "/api/v1/scans", api.scanner, body);
        if (answer.status == 202 && round == 0)
          first[i] = json::parse(answer.body).value().find("id")->as_int();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  const auto counts = api.desk.counts();
  CHECK(counts.accepted == 40);
  CHECK(counts.queued == 40);
  CHECK(counts.merged == 8 * 40 - 40);
  for (const std::int64_t id : first) CHECK(id == first[0]);
}

TEST_CASE("api/scans: what waits is taken up by the next server") {
  Api api;
  REQUIRE(api.ask("POST", "/scan", api.scanner, R"({"target":"a.example"})").status == 202);
  api::Scans next(Api::waiting(), api.store->statements(), api.scope, api.events, api.clock);
  REQUIRE(next.start().ok());
  CHECK(next.counts().queued == 1);
  const auto order = api::parse_order(R"({"target":"a.example"})").value();
  const auto merged = next.submit(order, "x").value();
  CHECK(merged.at(0).merged);
  CHECK(merged.at(0).scan.id == 1);
}

TEST_CASE("api/events: a stream hears what it asked for") {
  FakeClock clock;
  api::Events events(clock, 4);
  int woken = 0;
  events.on_event([&woken] { ++woken; });
  const auto read = [](serve::Stream& stream) {
    char buffer[1024];
    const auto got = stream.read(buffer);
    return got ? std::string(buffer, *got) : std::string("<end>");
  };
  const auto all = events.open({}, events.newest());
  const auto one = events.open({7, false}, events.newest(), R"({"id":7})");
  CHECK(events.streams() == 2);
  CHECK(read(*all) == "retry: 3000\n\n");
  CHECK(read(*one) == "retry: 3000\n\nevent: state\ndata: {\"id\":7}\n\n");
  events.publish("scan", "{\"id\":8}", 8);
  events.publish("scan", "{\"id\":7}", 7, true);
  CHECK(woken == 2);
  CHECK(read(*all) ==
        "id: 1\nevent: scan\ndata: {\"id\":8}\n\nid: 2\nevent: scan\ndata: {\"id\":7}\n\n");
  CHECK(read(*all).empty());
  CHECK(read(*one) == "id: 2\nevent: scan\ndata: {\"id\":7}\n\n");
  CHECK(read(*one) == "<end>");
  clock.advance(std::chrono::seconds(20));
  CHECK(read(*all) == ":\n\n");
  CHECK(read(*all).empty());
  for (int i = 0; i < 6; ++i) events.publish("x", "{}");
  CHECK(read(*all).starts_with("event: missed\ndata: {}\n\nid: 5\n"));
  const auto back = events.open({}, 7);
  CHECK(read(*back) == "retry: 3000\n\nid: 8\nevent: x\ndata: {}\n\n");
  // An event that is longer than the room is sent in pieces.
  events.publish("x", std::string(3000, 'y'));
  std::string text;
  for (std::string part = read(*back); !part.empty(); part = read(*back)) text += part;
  CHECK(text == "id: 9\nevent: x\ndata: " + std::string(3000, 'y') + "\n\n");
}
