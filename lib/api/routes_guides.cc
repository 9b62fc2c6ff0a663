// The paths and bodies of the guides and of the services before us, for callers that have them. As
// there, an answer is {"status","data","msg"}; unlike there, all of them need a token, lists come
// in pages, and what is not there is 404.
#include <functional>
#include <iterator>

#include "api/domains.h"
#include "api/page.h"
#include "api/records.h"
#include "api/world.h"
#include "base/json.h"
#include "store/pages.h"

namespace m8::api {
namespace {

using serve::Response;

constexpr std::size_t kMostNames = 100'000;
constexpr std::string_view kList = R"({"status":"success","msg":"ok","data":[)";

Response done(std::string_view message, const std::function<void(json::Writer&)>& data) {
  json::Writer w;
  w.object().field("status", "success").field("msg", message).key("data");
  data(w);
  return json_answer(w.end().take());
}

/// Domains have their names for ids.
void write_guide_domain(json::Writer& w, const model::Domain& domain) {
  w.object().field("id", domain.name).field("name", domain.name).field("companyname", "");
  w.field("enabled", domain.enabled).end();
}

Result<Response> domains(const World& world, const Call& call) {
  Page page(call, kList);
  const std::string place = call.has("cursor") ? M8_TRY(key_of(call.text("cursor"))) : "";
  std::string last;
  M8_TRY(world.store.for_each_domain({false, place, page.limit() + 1},
                                     [&](const model::Domain& domain) {
                                       if (std::string* out = page.item()) {
                                         json::Writer w;
                                         write_guide_domain(w, domain);
                                         *out += w.text();
                                         last = domain.name;
                                       }
                                       return Status();
                                     }));
  return page.finish(last);
}

Result<Response> domain(const World& world, const Call& call) {
  const auto found = M8_TRY(find_domain(world, call.text("domain")));
  return done("ok", [&](json::Writer& w) { write_guide_domain(w, found); });
}

Result<Response> add(const World& world, const Call& call) {
  const AddedDomain added = M8_TRY(add_domain(world, call));
  return done(added.is_new ? "added" : "there already", [](json::Writer& w) { w.value(true); });
}

Result<Response> change(const World& world, const Call& call) {
  const auto changed = M8_TRY(change_domain(world, call));
  return done("changed", [&](json::Writer& w) { write_guide_domain(w, changed); });
}

Result<Response> remove(const World& world, const Call& call) {
  M8_TRY(remove_domain(world, call));
  return done("removed", [](json::Writer& w) { w.value(true); });
}

Result<Response> endpoints(const World& world, const Call& call) {
  Page page(call, kList);
  store::EndpointPage wanted;
  if (call.has("cursor")) wanted.after = M8_TRY(key_of(call.text("cursor")));
  wanted.limit = page.limit();
  std::string last;
  store::Pages pages(world.store.statements());
  M8_TRY(pages.endpoints(wanted, [&](const store::Row& row) {
    if (std::string* out = page.item()) {
      append_endpoint(*out, row);
      last = row.text(store::endpoint_row::kUrl);
    }
    return Status();
  }));
  return page.finish(last);
}

Result<Response> hostnames(const World& world, const Call& call) {
  Page page(call, kList);
  store::HostnamePage wanted;
  wanted.domain = call.text("domain");
  if (call.has("cursor")) wanted.after = M8_TRY(key_of(call.text("cursor")));
  wanted.limit = page.limit();
  std::string last;
  store::Pages pages(world.store.statements());
  M8_TRY(pages.hostnames(wanted, [&](const store::Row& row) {
    if (std::string* out = page.item()) {
      append_hostname(*out, row);
      last = row.text(store::hostname_row::kHostname);
    }
    return Status();
  }));
  return page.finish(last);
}

/// One name of a domain; its own name is its id.
Result<Response> hostname(const World& world, const Call& call) {
  const std::string name = call.text("hostname");
  store::HostnamePage wanted;
  wanted.domain = call.text("domain");
  wanted.after = key_before(name);
  wanted.limit = 1;
  std::string found;
  store::Pages pages(world.store.statements());
  M8_TRY(pages.hostnames(wanted, [&](const store::Row& row) {
    if (row.text(store::hostname_row::kHostname) == name) append_hostname(found, row);
    return Status();
  }));
  if (found.empty()) return Error{ErrorCode::kNotFound, "no such hostname"};
  return done("ok", [&](json::Writer& w) { w.raw(found); });
}

Result<Response> accepted(const World& world, const Call& call, const ScanOrder& order) {
  const auto all = M8_TRY(world.scans.submit(order, call.caller.name));
  json::Writer w;
  w.object().field("status", "accepted").field("msg", "the scan was accepted");
  w.field("run_id", all.front().scan.id).key("data").array();
  for (const Accepted& one : all) {
    w.object().field("id", one.scan.id).field("target", one.scan.target);
    w.field("state", one.scan.state).field("merged", one.merged).end();
  }
  return json_answer(w.end().end().take(), 202);
}

Result<Response> scan(const World& world, const Call& call) {
  return accepted(world, call, M8_TRY(parse_order(call.request.body)));
}

/// Their bodies have options of their own, which are not taken.
Result<ScanOrder> order_of(const Call& call, std::vector<std::string> targets) {
  const auto body = json::parse(call.request.body.empty() ? "{}" : call.request.body);
  if (!body.ok() || !body->is_object())
    return Error{ErrorCode::kInvalidArgument, "the body has to be a JSON object"};
  if (const auto* options = body->find("options");
      options != nullptr && !options->members().empty())
    return Error{ErrorCode::kInvalidArgument,
                 "options: use severity, tags, exclude_tags, templates of /api/v1/scans"};
  return order_for(std::move(targets));
}

Result<Response> scan_hostname(const World& world, const Call& call) {
  return accepted(world, call, M8_TRY(order_of(call, {call.text("hostname")})));
}

Result<Response> scan_endpoint(const World& world, const Call& call) {
  return accepted(world, call, M8_TRY(order_of(call, {call.text("endpoint")})));
}

/// What a GET started there. A GET changes nothing here, whoever follows a link or fetches ahead.
Result<Response> started_by_get(const World&, const Call&) {
  return refusal(410,
                 R"(a GET starts no scan: POST /scan {"target":"example.com","scan_type":"enum"})");
}

/// All live names of a domain. kInvalidArgument if there are more than fit into memory without
/// care.
Result<std::vector<std::string>> live_names(const World& world, const std::string& domain) {
  std::vector<std::string> names;
  store::HostnamePage wanted;
  wanted.domain = domain;
  wanted.live_only = true;
  wanted.limit = store::kMaxPage;
  store::Pages pages(world.store.statements());
  for (std::size_t before = 0;; before = names.size()) {
    M8_TRY(pages.hostnames(wanted, [&](const store::Row& row) {
      names.emplace_back(row.text(store::hostname_row::kHostname));
      return Status();
    }));
    if (names.size() - before <= wanted.limit) return names;
    if (names.size() > kMostNames)
      return Error{ErrorCode::kInvalidArgument, "the domain has too many live names for one order"};
    wanted.after = names.back();
  }
}

Result<Response> scan_domain(const World& world, const Call& call) {
  const auto domain = M8_TRY(find_domain(world, call.text("domain")));
  auto targets = M8_TRY(live_names(world, domain.name));
  if (targets.empty()) return done("no target in scope", [](json::Writer& w) { w.null(); });
  return accepted(world, call, M8_TRY(order_of(call, std::move(targets))));
}

std::vector<Route> reading_routes(const World& world) {
  const auto with = bound(world);
  std::vector<Route> routes = {
      reads("/endpoints", "Endpoints, in the guides' envelope", with(endpoints))
          .asks({"limit", "cursor"})
          .gives("GuideList"),
      reads("/domain/{domain}", "One domain, in the guides' envelope", with(domain))
          .gives("GuideAnswer"),
      reads("/domain/{domain}/hostname", "Hostnames of a domain, in the guides' envelope",
            with(hostnames))
          .asks({"limit", "cursor"})
          .gives("GuideList"),
      reads("/domain/{domain}/hostname/{hostname}",
            "One hostname of a domain, in the guides' envelope", with(hostname))
          .gives("GuideAnswer"),
  };
  for (const char* path : {"/domain", "/api/domains"})
    routes.push_back(reads(path, "Domains, in the guides' envelope", with(domains))
                         .asks({"limit", "cursor"})
                         .gives("GuideList"));
  for (const char* path : {"/scan/passive", "/scan/active", "/scan/check"})
    routes.push_back(reads(path, "Started a scan in the services before us: now POST /scan does",
                           with(started_by_get))
                         .gives("Error", 410));
  return routes;
}

std::vector<Route> writing_routes(const World& world) {
  const auto with = bound(world);
  return {
      writes("POST", "/scan", "The guides' way to ask for a scan", with(scan))
          .takes("ScanOrder")
          .gives("GuideAccepted", 202),
      writes("POST", "/domain", "Add a domain, in the guides' envelope", with(add))
          .takes("NewDomain")
          .gives("GuideAnswer"),
      writes("PUT", "/domain/{domain}", "Enable or disable a domain, in the guides' envelope",
             with(change))
          .takes("DomainChange")
          .gives("GuideAnswer"),
      writes("DELETE", "/domain/{domain}", "Remove a domain, in the guides' envelope", with(remove))
          .for_admin()
          .gives("GuideAnswer"),
      writes("POST", "/domain/{domain}/scan", "Scan a domain's live hostnames", with(scan_domain))
          .takes("GuideOptions")
          .gives("GuideAccepted", 202),
      writes("POST", "/endpoint/{endpoint}/scan", "Scan one endpoint: its URL, percent-encoded",
             with(scan_endpoint))
          .takes("GuideOptions")
          .gives("GuideAccepted", 202),
      writes("POST", "/hostname/{hostname}/scan", "Scan one host", with(scan_hostname))
          .takes("GuideOptions")
          .gives("GuideAccepted", 202),
  };
}

}  // namespace

std::vector<Route> guide_routes(World& world) {
  auto routes = reading_routes(world);
  auto writing = writing_routes(world);
  std::move(writing.begin(), writing.end(), std::back_inserter(routes));
  return routes;
}

}  // namespace m8::api
