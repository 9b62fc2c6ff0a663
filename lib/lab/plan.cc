#include "lab/plan.h"

#include <fmt/format.h>

#include "base/json.h"

namespace m8::lab {
namespace {

/// Labels that every company has, on addresses where no web server listens.
constexpr std::string_view kClosedLabels[] = {
    "account",  "accounts",     "ads",        "analytics", "apps",    "archive",   "assets",
    "auth",     "autodiscover", "k8s",        "billing",   "board",   "books",     "bugs",
    "build",    "cache",        "calendar",   "cas",       "catalog", "chat",      "ci",
    "client",   "clients",      "cloud",      "cms",       "repo",    "community", "consul",
    "keycloak", "console",      "contact",    "control",   "cpanel",  "crm",       "dashboard",
    "data",     "database",     "db",         "db1",       "db2",     "kafka",     "design",
    "kibana",   "ad",           "dns",        "docker",    "docs",    "dc1",       "edge",
    "edu",      "elastic",      "email",      "erp",       "events",  "elearning", "exchange",
    "jump",     "extranet",     "faq",        "feedback",  "file",    "finance",   "firewall",
    "forum",    "forums",       "ftp",        "srv1",      "fw",      "photos",    "games",
    "gateway",  "geo",          "gitlab",     "gw",        "help",    "helpdesk",  "home",
    "host",     "hr",           "id",         "images",    "imap",    "img",       "info",
    "internal", "invoice",      "iot",        "it",        "jira",    "job",       "jobs",
    "careers",  "kb",           "ldap",       "library",   "link",    "nagios",    "list",
    "lists",    "live",         "local",      "log",       "logs",    "m",         "mail",
    "mail1",    "mail2",        "manage",     "map",       "maps",    "tickets",   "marketing",
    "media",    "meet",         "member",     "members",   "mobile",  "mx",        "mx1",
    "mx2",      "my",           "mysql",      "switch",    "wifi",    "news",      "newsletter",
    "ns2",      "ntp",          "office",     "survey",    "orders",  "owa",       "partner",
    "partners", "pay",          "payment",    "pop",       "pop3",    "portal",    "preview",
    "print",    "prod",         "production", "sonar",     "nexus",   "proxy",     "qa",
    "redis",    "relay",        "remote",     "report",    "reports", "router",    "radio",
    "uploads",  "b2b",          "sandbox",    "security",  "server",  "service",   "sip",
    "smtp",     "sql",          "bastion",    "ssl",       "stage",   "stats",     "storage",
    "store",    "stream",       "worker",     "vault",     "zabbix",  "splunk",    "track",
    "training", "upload",       "uat",        "user",      "users",   "video",     "voip",
    "webmail",  "wiki",         "teams",      "ws",        "www2",    "rabbitmq",
};

struct Alias {
  std::string_view label, target;
};

/// Each target is a label of the zone; blog takes three steps to get to www.
constexpr Alias kAliases[] = {
    {"blog", "press"},      {"press", "edge1"}, {"edge1", "www"},   {"static", "cdn"},
    {"support", "status"},  {"sso", "login"},   {"v1", "v2"},       {"v2", "api"},
    {"grafana", "monitor"}, {"repos", "git"},   {"dl", "download"}, {"customer", "secure"},
};

class Builder {
 public:
  explicit Builder(const PlanOptions& options)
      : options_(options), plan_{Zone(options.apex, options.dns_server), {}} {}

  Plan build() && {
    add_sites();
    add_closed();
    add_aliases();
    add_wildcard();
    add_dead();
    add_services();
    plan_.zone.add_numbered(options_.numbered);
    for (std::size_t i = 0; i < options_.extra_hosts; ++i)
      plan_.zone.add_address(fmt::format("plain-{:05}", i + 1), extra_host_address(i));
    return std::move(plan_);
  }

 private:
  using Kind = PlannedName::Kind;

  void note(std::string_view label, Kind kind, const Site* site = nullptr, std::string why = {}) {
    plan_.names.push_back({plan_.zone.full_name(label), kind, site, std::move(why)});
  }

  void add_site(const Site& site, std::size_t index) {
    plan_.zone.add_address(site.label, site_address(index));
    note(site.label, Kind::kSite, &site);
  }

  void add_sites() {
    std::size_t index = 0;
    for (const Site& site : sites()) add_site(site, index++);
    plan_.zone.add_address("", site_address(0));
    note("", Kind::kSite, &sites()[0]);
    if (!options_.broken_hosts) return;
    for (const Site& site : broken_sites()) add_site(site, index++);
  }

  void add_closed() {
    std::uint32_t host = 0;
    for (const std::string_view label : kClosedLabels) {
      plan_.zone.add_address(label, net::IpAddress::v4(0x7f500900 + ++host));  // 127.80.9.x
      note(label, Kind::kClosed);
    }
    note("ns1", Kind::kClosed);
    plan_.zone.add_address("mail", *net::IpAddress::parse("::1"));
    plan_.zone.add_address("www3", *net::IpAddress::parse("::1"));
    note("www3", Kind::kClosed);
    // More addresses than fit into a datagram: the answer is truncated, TCP has all of it.
    for (std::uint32_t i = 1; i <= 120; ++i)
      plan_.zone.add_address("cluster", net::IpAddress::v4(0x7f500a00 + i));
    note("cluster", Kind::kClosed);
  }

  const Site* site_behind(std::string_view label) const {
    for (const Alias& alias : kAliases)
      if (alias.label == label) return site_behind(alias.target);
    for (const Site& site : sites())
      if (site.label == label) return &site;
    return nullptr;
  }

  void add_aliases() {
    for (const Alias& alias : kAliases) {
      plan_.zone.add_alias(alias.label, plan_.zone.full_name(alias.target));
      note(alias.label, Kind::kAlias, site_behind(alias.label));
    }
  }

  void add_wildcard() {
    plan_.zone.add_address("dev", net::IpAddress::v4(0x7f500b01));  // 127.80.11.1
    note("dev", Kind::kClosed);
    plan_.zone.add_address("*.dev", net::IpAddress::v4(0x7f500b02));
    // Here by itself, with an address of its own: the one name below that counts.
    plan_.zone.add_address("api.dev", net::IpAddress::v4(0x7f500b03));
    note("api.dev", Kind::kClosed);
  }

  void add_dead() {
    plan_.zone.add_alias("promo", plan_.zone.full_name("bucket.gone"));
    note("promo", Kind::kDead, nullptr, "CNAME to a name that does not exist");
    plan_.zone.add_alias("east", plan_.zone.full_name("west"));
    plan_.zone.add_alias("west", plan_.zone.full_name("east"));
    note("east", Kind::kDead, nullptr, "CNAME loop");
    note("west", Kind::kDead, nullptr, "CNAME loop");
    plan_.zone.add_failure("labs");
    note("labs", Kind::kDead, nullptr, "SERVFAIL");
    plan_.zone.add("time", dns::RrType::kTxt, dns::Txt{{"no address here"}});
    note("time", Kind::kDead, nullptr, "has a TXT record only");
  }

  void add_services() {
    plan_.zone.add("", dns::RrType::kMx, dns::Mx{10, plan_.zone.full_name("mail")});
    plan_.zone.add("", dns::RrType::kTxt, dns::Txt{{"v=spf1 mx -all"}});
    plan_.zone.add("_dmarc", dns::RrType::kTxt, dns::Txt{{"v=DMARC1; p=reject"}});
    plan_.zone.add("_sip._tcp", dns::RrType::kSrv,
                   dns::Srv{0, 5, 5060, plan_.zone.full_name("sip")});
  }

  const PlanOptions& options_;
  Plan plan_;
};

}  // namespace

const char* to_string(PlannedName::Kind kind) {
  switch (kind) {
    case PlannedName::Kind::kSite:
      return "site";
    case PlannedName::Kind::kAlias:
      return "alias";
    case PlannedName::Kind::kClosed:
      return "closed";
    case PlannedName::Kind::kDead:
      return "dead";
  }
  return "";
}

Plan make_plan(const PlanOptions& options) { return Builder(options).build(); }

std::string to_json(const PlannedName& name) {
  json::Writer out;
  out.object().field("name", name.name).field("kind", to_string(name.kind));
  out.key("findings").array();
  if (name.site)
    for (const auto id : name.site->planted) out.value(id);
  out.end();
  if (name.site) out.field("about", name.site->brief);
  out.optional("note", name.note).end();
  return out.take();
}

}  // namespace m8::lab
