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
  const auto with = bound(world);
  const char *all = "/api/v1/domains", *one = "/api/v1/domains/{domain}";
  return {
      reads(all, "Domains of the inventory, by name", with(domains))
          .asks({"enabled"})
          .gives_many("Domain"),
      writes("POST", all, "Add a domain: 201, or 200 if it is there", with(add))
          .takes("NewDomain")
          .gives("Domain", 201),
      reads(one, "One domain", with(domain)).gives("Domain"),
      writes("PATCH", one, "Enable or disable a domain", with(change))
          .takes("DomainChange")
          .gives("Domain"),
      writes("DELETE", one, "Remove a domain with all that is known of its names", with(remove))
          .for_admin()
          .gives("", 204),
      reads("/api/v1/domains/{domain}/hostnames", "Hostnames of a domain, by name", with(hostnames))
          .asks({"live"})
          .gives_many("Hostname"),
      reads("/api/v1/hostnames", "Hostnames, as they were found", with(hostnames))
          .asks({"live"})
          .gives_many("Hostname"),
      reads("/api/v1/endpoints", "Endpoints, by URL", with(endpoints))
          .asks({"hostname", "live"})
          .gives_many("Endpoint"),
  };
}

}  // namespace m8::api
