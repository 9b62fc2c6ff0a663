// grepapp: code on GitHub, searched by grep.app with a regular expression.
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

Status search(Query& query) {
  std::string regex = "[a-zA-Z0-9_.-]+\\.";
  for (const char c : query.domain()) regex += c == '.' ? std::string("\\.") : std::string(1, c);
  query.set("regex", std::move(regex));
  return query.take_pages();
}

}  // namespace

extern constinit const Source kGrepapp{
    .name = "grepapp",
    .url = "https://grep.app",
    .rate = "1/s",
    .ask = {.path = "/api/search?page={page}&q={regex}&regexp=true"},
    .names = "hits.hits[].content.snippet",
    .run = search,
};

}  // namespace m8::enumerate::sources
