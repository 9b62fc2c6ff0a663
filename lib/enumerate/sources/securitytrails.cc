// securitytrails: names by scrolling through a search; plans without that have a short list.
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

constexpr Ask kSearch{.path = "/v1/domains/list?include_ips=false&scroll=true",
                      .body = R"({"query":"apex_domain='{domain}'"})"};

Status short_list(Query& query) {
  const Reply reply = M8_TRY(query.get("/v1/domain/{domain}/subdomains"));
  if (reply.status == 403) return query.fail({State::kAuth, "HTTP 403: refused"});
  query.take_labels(reply, "subdomains[]");
  return {};
}

Status scroll(Query& query) {
  Reply reply = M8_TRY(query.ask(kSearch));
  if (reply.status == 403) return short_list(query);
  while (query.take(reply) > 0 && !reply.text("meta.scroll_id").empty()) {
    query.set("cursor", reply.text("meta.scroll_id"));
    reply = M8_TRY(query.get("/v1/scroll/{cursor}"));
  }
  return {};
}

}  // namespace

extern constinit const Source kSecuritytrails{
    .name = "securitytrails",
    .url = "https://api.securitytrails.com",
    .key = Key::kRequired,
    .rate = "2/s",
    .recursive = true,
    .headers = "APIKEY: {key}",
    .names = "records[].hostname",
    .accept = 403,
    .run = scroll,
};

}  // namespace m8::enumerate::sources
