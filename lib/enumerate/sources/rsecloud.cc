// rsecloud: names found by asking and by listening.
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

Status ask_both(Query& query) {
  M8_TRY(query.take_pages({.path = "/api/v2/subdomains/active/{domain}?page={page}"}, {}));
  return query.take_pages({.path = "/api/v2/subdomains/passive/{domain}?page={page}"}, {});
}

}  // namespace

extern constinit const Source kRsecloud{
    .name = "rsecloud",
    .url = "https://api.rsecloud.com",
    .key = Key::kRequired,
    .headers = "X-API-Key: {key}",
    .names = "data[]",
    .last_page = "total_pages",
    .run = ask_both,
};

}  // namespace m8::enumerate::sources
