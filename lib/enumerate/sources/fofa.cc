// fofa: hosts that it scanned. The key is "mail:key".
#include "base/hash.h"
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

Status search(Query& query) {
  query.set("query", base64_encode("domain=\"" + query.domain() + "\""));
  return query.take_pages();
}

}  // namespace

extern constinit const Source kFofa{
    .name = "fofa",
    .url = "https://fofa.info",
    .key = Key::kRequired,
    .ask =
        {.path =
             "/api/v1/search/"
             "all?full=true&fields=host&page=1&size=10000&email={id}&key={secret}&qbase64={query}"},
    .names = "results[]",
    .error = "error|errmsg",
    .run = search,
};

}  // namespace m8::enumerate::sources
