#include "store/pages.h"

#include <algorithm>

namespace m8::store {
namespace {

/// Rows that the database is asked for: a constant of the statement, because with a parameter in
/// its place no plan would be kept; one of few, so that few statements are prepared.
std::size_t rows_to_ask(std::size_t limit) {
  for (const std::size_t step : {10u, 25u, 50u, 100u, 250u, 500u})
    if (limit <= step) return step + 1;
  return kMaxPage + 1;
}

Query in_order(Select&& select, std::string_view columns, std::size_t limit) {
  Query query = select.order(columns);
  query.sql.append(" LIMIT ").append(std::to_string(rows_to_ask(limit)));
  return query;
}

Query select_endpoint_page(const EndpointPage& page) {
  Select select(
      "SELECT url, hostname, ip, port, status, title, server, live, first_seen, last_seen,"
      " technologies FROM endpoint");
  if (!page.after.empty()) select.where("url > ", page.after);
  if (!page.hostname.empty()) select.where("hostname = ", page.hostname);
  if (page.live_only) select.where("live");
  return in_order(std::move(select), "url", page.limit);
}

Query select_hostname_page(const HostnamePage& page) {
  // CROSS: SQLite takes the tables in this order.
  const bool by_name = !page.domain.empty();
  Select select(std::string("SELECT h.id, d.name, h.hostname, h.sources, h.first_seen, h.last_seen,"
                            " h.a, h.aaaa, h.cname, h.resolver, h.wildcard, h.live FROM ") +
                (by_name ? "domain d CROSS JOIN hostname h" : "hostname h CROSS JOIN domain d"));
  select.where("h.domain_id = d.id");
  if (by_name) {
    select.where("d.name = ", page.domain);
    if (!page.after.empty()) select.where("h.hostname > ", page.after);
  } else {
    select.where("h.id > ", page.after_id);
  }
  if (page.live_only) select.where("h.live");
  return in_order(std::move(select), by_name ? "h.hostname" : "h.id", page.limit);
}

Query count_open_issues() {
  return {
      "SELECT severity, count(*) FROM issue WHERE gone = 0 AND status IN ('U', 'V')"
      " GROUP BY severity",
      {}};
}

}  // namespace

Status Pages::first_rows(const Query& query, std::size_t count, const EachRow& each) {
  std::size_t given = 0;
  M8_TRY(sql_.run(query, [&](const Row& row) { return given++ < count ? each(row) : Status(); }));
  return {};
}

Status Pages::endpoints(const EndpointPage& page, const EachRow& each) {
  return first_rows(select_endpoint_page(page),
                    std::clamp<std::size_t>(page.limit, 1, kMaxPage) + 1, each);
}

Status Pages::hostnames(const HostnamePage& page, const EachRow& each) {
  return first_rows(select_hostname_page(page),
                    std::clamp<std::size_t>(page.limit, 1, kMaxPage) + 1, each);
}

Status Pages::open_issues(const EachRow& each) {
  M8_TRY(sql_.run(count_open_issues(), each));
  return {};
}

std::vector<Sample> page_samples() {
  EndpointPage behind, host;
  behind.after = host.hostname = "x";
  HostnamePage of_domain;
  of_domain.domain = of_domain.after = "x";
  return {
      {"a page of endpoints", select_endpoint_page(behind)},
      {"a page of a host's endpoints", select_endpoint_page(host)},
      {"a page of a domain's hostnames", select_hostname_page(of_domain)},
      {"a page of hostnames", select_hostname_page({})},
      {"open issues by severity", count_open_issues(), true},
  };
}

}  // namespace m8::store
