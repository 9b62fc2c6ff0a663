// dnsdb: passive DNS of DomainTools; a stream of JSON lines, continued by offset when limited.
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

Status continue_stream(Query& query) {
  std::size_t offset = 0;
  for (;;) {
    query.set("offset", offset == 0 ? std::string() : std::to_string(offset));
    const Reply reply = M8_TRY(
        query.get("/dnsdb/v2/lookup/rrset/name/*.{domain}?limit=0&swclient=m8&offset={offset}"));
    query.take(reply);
    std::size_t records = 0;
    bool limited = false;
    for (const auto& line : reply.documents) {
      records += line.find("obj") != nullptr ? 1 : 0;
      limited = line.string_at("cond") == "limited";
    }
    if (!limited || records == 0) return {};
    offset += records;
  }
}

}  // namespace

extern constinit const Source kDnsdb{
    .name = "dnsdb",
    .url = "https://api.dnsdb.info",
    .key = Key::kRequired,
    .recursive = true,
    .headers = "X-API-KEY: {key}\nAccept: application/x-ndjson",
    .form = Form::kJsonLines,
    .names = "obj.rrname",
    .accept = 404,
    .run = continue_stream,
};

}  // namespace m8::enumerate::sources
