// github: code search; names in the fragments that matched.
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

bool has_next(const Reply& reply) {
  const http::Header* link = http::find_header(reply.headers, "link");
  return link != nullptr && link->value.find("rel=\"next\"") != std::string::npos;
}

Status search(Query& query) {
  for (int page = 1;; ++page) {
    query.set("page", std::to_string(page));
    const Reply reply = M8_TRY(query.get(query.source().ask.path));
    query.take(reply);
    if (!has_next(reply)) return {};
  }
}

}  // namespace

extern constinit const Source kGithub{
    .name = "github",
    .url = "https://api.github.com",
    .key = Key::kRequired,
    .rate = "83/m",
    .headers = "Authorization: token {key}\nAccept: application/vnd.github.v3.text-match+json",
    .ask = {.path = "/search/code?per_page=100&q={domain}&sort=created&order=asc&page={page}"},
    .names = "items[].text_matches[].fragment",
    .run = search,
};

}  // namespace m8::enumerate::sources
