// The API over a store of its own, asked without a network.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "api/router.h"
#include "api/world.h"
#include "base/json.h"
#include "base/temp_file.h"
#include "store/store.h"

namespace m8::test {

class Api {
 public:
  explicit Api(api::RouterOptions options = {}, api::ScanOptions scans = waiting())
      : store(store::open_store("sqlite:" + folder.path() + "/api.db").value()),
        events(clock),
        samples(clock),
        book(store->statements(), clock),
        desk(std::move(scans), store->statements(), scope, events, clock),
        world{*store, desk, events, samples, clock},
        router(options, book, nullptr, clock) {
    router.add(api::inventory_routes(world));
    router.add(api::run_routes(world));
    router.add(api::issue_routes(world));
    router.add(api::scan_routes(world));
    router.add(api::guide_routes(world));
    router.add(api::dashboard_routes());
    reader = token("reader", "read");
    scanner = token("scanner", "scan");
    admin = token("admin", "admin");
    REQUIRE(desk.start().ok());
  }

  /// Nothing runs: requests stay queued.
  static api::ScanOptions waiting() {
    api::ScanOptions options;
    options.at_once = 0;
    return options;
  }

  std::string token(const std::string& name, const std::string& scopes) {
    const std::string secret = api::new_secret();
    store::Token made;
    made.name = name;
    made.digest = api::secret_digest(secret);
    made.scopes = scopes;
    made.created = clock.wall();
    REQUIRE(store::Tokens(store->statements()).add(made).ok());
    return secret;
  }

  serve::Request request(const std::string& method, const std::string& target,
                         const std::string& secret, const std::string& body = {}) const {
    serve::Request out;
    out.method = method;
    out.target = target;
    out.version = "HTTP/1.1";
    out.headers = {{"Host", "127.0.0.1:8003"}};
    if (!secret.empty()) out.headers.emplace_back("Authorization", "Bearer " + secret);
    out.body = body;
    out.peer = net::IpAddress::v4(0x7f000001);
    return out;
  }
  serve::Response ask(const std::string& method, const std::string& target,
                      const std::string& secret, const std::string& body = {}) const {
    return router.answer(request(method, target, secret, body));
  }
  json::Value json_of(const std::string& target) const {
    const auto response = ask("GET", target, reader);
    CAPTURE(response.body);
    REQUIRE(response.status == 200);
    return json::parse(response.body).value();
  }

  static std::string header(const serve::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
      if (key == name) return value;
    return {};
  }

  TempDirectory folder = TempDirectory::create("/tmp").value();
  FakeClock clock;
  net::Scope scope;
  std::unique_ptr<store::Store> store;
  api::Events events;
  api::Samples samples;
  api::TokenBook book;
  api::Scans desk;
  api::World world;
  api::Router router;
  std::string reader, scanner, admin;
};

}  // namespace m8::test
