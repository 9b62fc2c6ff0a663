#include "lab/plan.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <doctest/doctest.h>

#include "base/json.h"
#include "net/name.h"

using namespace m8;
using namespace m8::lab;

namespace {

Plan plan(bool broken = false, std::size_t extra = 0) {
  return make_plan({"lab.test", *net::IpAddress::parse("127.0.0.1"), broken, extra, 0});
}

dns::Message ask(const Zone& zone, const std::string& name, dns::RrType type) {
  dns::Message query;
  query.questions = {{name, type, dns::kClassIn}};
  return zone.answer(query);
}

/// The addresses of \p name, both families.
std::vector<net::IpAddress> resolve(const Zone& zone, const std::string& name) {
  std::vector<net::IpAddress> out;
  for (const auto type : {dns::RrType::kA, dns::RrType::kAaaa}) {
    const auto reply = ask(zone, name, type);
    if (reply.rcode != dns::Rcode::kNoError) continue;
    for (const auto& record : reply.answers)
      if (const auto* ip = std::get_if<net::IpAddress>(&record.data)) out.push_back(*ip);
  }
  return out;
}

}  // namespace

TEST_CASE("lab/plan: names resolve as their kind says, to loopback only") {
  const Plan made = plan(true);
  CHECK(made.names.size() > 200);
  std::set<std::string> seen;
  for (const auto& name : made.names) {
    CAPTURE(name.name);
    CHECK(seen.insert(name.name).second);
    CHECK(net::name_is_inside(name.name, "lab.test"));
    const auto addresses = resolve(made.zone, name.name);
    CHECK(addresses.empty() == (name.kind == PlannedName::Kind::kDead));
    for (const auto& ip : addresses) CHECK(ip.is_loopback());
    const bool serves =
        name.kind == PlannedName::Kind::kSite || name.kind == PlannedName::Kind::kAlias;
    CHECK((name.site != nullptr) == serves);
  }
}

TEST_CASE("lab/plan: an alias leads to the site it is planned for") {
  const Plan made = plan();
  for (const auto& name : made.names) {
    if (name.kind != PlannedName::Kind::kAlias) continue;
    CAPTURE(name.name);
    CHECK(resolve(made.zone, name.name) ==
          resolve(made.zone, made.zone.full_name(name.site->label)));
  }
}

TEST_CASE("lab/plan: every shipped template is planted, and nothing else") {
  const char* source = std::getenv("M8_SOURCE_DIR");
  REQUIRE(source != nullptr);
  std::set<std::string> shipped, planted;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(source) + "/examples/templates"))
    shipped.insert(entry.path().stem().string());
  for (const auto& site : sites())
    for (const auto id : site.planted) CHECK(planted.insert(std::string(id)).second);
  CHECK(planted == shipped);
}

TEST_CASE("lab/plan: an answer too large for a datagram, a clean host, hosts on demand") {
  const Plan made = plan(false, 3);
  CHECK(resolve(made.zone, "cluster.lab.test").size() == 120);
  CHECK(std::any_of(sites().begin(), sites().end(), [](const Site& site) {
    return site.label == "secure" && site.planted.empty();
  }));
  CHECK(resolve(made.zone, "plain-00003.lab.test") ==
        std::vector<net::IpAddress>{extra_host_address(2)});
  CHECK(resolve(made.zone, "plain-00004.lab.test").empty());
}

TEST_CASE("lab/plan: addresses of hosts differ and stay on loopback") {
  std::set<net::IpAddress> seen;
  for (const std::size_t index : {0u, 1u, 249u, 250u, 251u, 2000u, 59'999u}) {
    const auto ip = extra_host_address(index);
    CHECK(ip.is_loopback());
    CHECK((ip.as_v4() & 0xff) != 0);
    CHECK((ip.as_v4() & 0xff) != 255);
    CHECK(seen.insert(ip).second);
  }
  CHECK(extra_host_address(0).to_string() == "127.81.0.1");
  CHECK(site_address(0).to_string() == "127.80.1.1");
}

TEST_CASE("lab/plan: a name as JSON") {
  const auto parsed = json::parse(to_json(plan().names[0]));
  REQUIRE(parsed.ok());
  CHECK(parsed->string_at("name") == "www.lab.test");
  CHECK(parsed->string_at("kind") == "site");
  CHECK(parsed->find("findings")->items().size() == sites()[0].planted.size());
}
