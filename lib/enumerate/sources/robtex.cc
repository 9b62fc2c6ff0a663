// robtex: the addresses of the domain, then the names that share them. JSON lines.
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

Status back_and_forth(Query& query) {
  const Reply forward = M8_TRY(query.get("/pdns/forward/{domain}?key={key}"));
  query.take(forward);
  for (const auto& record : forward.documents) {
    const std::string_view type = record.string_at("rrtype");
    if (type != "A" && type != "AAAA") continue;
    query.set("address", std::string(record.string_at("rrdata")));
    query.take(M8_TRY(query.get("/pdns/reverse/{address}?key={key}")));
  }
  return {};
}

}  // namespace

extern constinit const Source kRobtex{
    .name = "robtex",
    .url = "https://proapi.robtex.com",
    .key = Key::kRequired,
    .form = Form::kJsonLines,
    .names = "rrname|rrdata",
    .run = back_and_forth,
};

}  // namespace m8::enumerate::sources
