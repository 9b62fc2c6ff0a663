// Domains, hostnames, endpoints.
#include <charconv>

#include "api/domains.h"
#include "api/page.h"
#include "api/records.h"
#include "api/world.h"
#include "base/json.h"
#include "store/pages.h"

namespace m8::api {
namespace {

using serve::Response;

/// The key that the call's cursor holds; empty without one.
Result<std::string> place_of(const Call& call) {
  if (!call.has("cursor")) return std::string();
  return key_of(call.text("cursor"));
}

Result<Response> domains(const World& world, const Call& call) {
  store::DomainFilter filter{call.flag("enabled"), M8_TRY(place_of(call))};
  Page page(call);
  filter.limit = page.limit() + 1;
  std::string last;
  M8_TRY(world.store.for_each_domain(filter, [&](const model::Domain& domain) -> Status {
    if (std::string* out = page.item()) {
      json::Writer w;
      write_domain(w, domain);
      *out += w.text();
      last = domain.name;
    }
    return {};
  }));
  return page.finish(last);
}

Response shown(const model::Domain& domain, int status = 200) {
  json::Writer w;
  write_domain(w, domain);
  return json_answer(w.take(), status);
}

Result<Response> domain(const World& world, const Call& call) {
  return shown(M8_TRY(find_domain(world, call.text("domain"))));
}

Result<Response> add(const World& world, const Call& call) {
  const AddedDomain added = M8_TRY(add_domain(world, call));
  return shown(M8_TRY(find_domain(world, added.name)), added.is_new ? 201 : 200);
}

Result<Response> change(const World& world, const Call& call) {
  return shown(M8_TRY(change_domain(world, call)));
}

Result<Response> remove(const World& world, const Call& call) {
  M8_TRY(remove_domain(world, call));
  return Response{204, "", ""};
}

Result<Response> hostnames(const World& world, const Call& call) {
  Page page(call);
  store::HostnamePage wanted;
  wanted.domain = call.text("domain");
  wanted.live_only = call.flag("live");
  wanted.limit = page.limit();
  const std::string place = M8_TRY(place_of(call));
  if (!wanted.domain.empty()) {
    wanted.after = place;
  } else if (!place.empty()) {
    const auto read = std::from_chars(place.data(), place.data() + place.size(), wanted.after_id);
    if (read.ec != std::errc())
      return Error{ErrorCode::kInvalidArgument, "cursor: not of this list"};
  }
  const int key = wanted.domain.empty() ? store::hostname_row::kId : store::hostname_row::kHostname;
  std::string last;
  store::Pages pages(world.store.statements());
  M8_TRY(pages.hostnames(wanted, [&](const store::Row& row) -> Status {
    if (std::string* out = page.item()) {
      append_hostname(*out, row);
      last = row.text(key);
    }
    return {};
  }));
  return page.finish(last);
}

Result<Response> endpoints(const World& world, const Call& call) {
  Page page(call);
  store::EndpointPage wanted;
  wanted.after = M8_TRY(place_of(call));
  wanted.hostname = call.text("hostname");
  wanted.live_only = call.flag("live");
  wanted.limit = page.limit();
  std::string last;
  store::Pages pages(world.store.statements());
  M8_TRY(pages.endpoints(wanted, [&](const store::Row& row) -> Status {
    if (std::string* out = page.item()) {
      append_endpoint(*out, row);
      last = row.text(store::endpoint_row::kUrl);
    }
    return {};
  }));
  return page.finish(last);
}

}  // namespace

std::vector<Route> inventory_routes(World& world) {
  const auto with = [&world](Result<Response> (*handler)(const World&, const Call&)) {
    return [&world, handler](const Call& call) { return handler(world, call); };
  };
  const char* one = "/api/v1/domains/{domain}";
  std::vector<Route> routes;
  routes.push_back({"GET",
                    "/api/v1/domains",
                    Scope::kRead,
                    "Domains of the inventory, by name",
                    {"enabled", "limit", "cursor"},
                    "",
                    "Domain",
                    true,
                    200,
                    with(domains)});
  routes.push_back({"POST",
                    "/api/v1/domains",
                    Scope::kScan,
                    "Add a domain: 201, or 200 if it is there",
                    {},
                    "NewDomain",
                    "Domain",
                    false,
                    201,
                    with(add)});
  routes.push_back(
      {"GET", one, Scope::kRead, "One domain", {}, "", "Domain", false, 200, with(domain)});
  routes.push_back({"PATCH",
                    one,
                    Scope::kScan,
                    "Enable or disable a domain",
                    {},
                    "DomainChange",
                    "Domain",
                    false,
                    200,
                    with(change)});
  routes.push_back({"DELETE",
                    one,
                    Scope::kAdmin,
                    "Remove a domain with all that is known of its names",
                    {},
                    "",
                    "",
                    false,
                    204,
                    with(remove)});
  routes.push_back({"GET",
                    "/api/v1/domains/{domain}/hostnames",
                    Scope::kRead,
                    "Hostnames of a domain, by name",
                    {"live", "limit", "cursor"},
                    "",
                    "Hostname",
                    true,
                    200,
                    with(hostnames)});
  routes.push_back({"GET",
                    "/api/v1/hostnames",
                    Scope::kRead,
                    "Hostnames, as they were found",
                    {"live", "limit", "cursor"},
                    "",
                    "Hostname",
                    true,
                    200,
                    with(hostnames)});
  routes.push_back({"GET",
                    "/api/v1/endpoints",
                    Scope::kRead,
                    "Endpoints, by URL",
                    {"hostname", "live", "limit", "cursor"},
                    "",
                    "Endpoint",
                    true,
                    200,
                    with(endpoints)});
  return routes;
}

}  // namespace m8::api
