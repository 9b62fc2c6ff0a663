// windvane: 1,000 names a page, until one has nothing new.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kWindvane{
    .name = "windvane",
    .url = "https://windvane.lichoin.com",
    .key = Key::kRequired,
    .headers = "X-Api-Key: {key}",
    .ask = {.path = "/trpc.backendhub.public.WindvaneService/ListSubDomain",
            .body = R"({"domain":"{domain}","page_request":{"page":{page},"count":1000}})"},
    .names = "data.list[].domain",
};

}  // namespace m8::enumerate::sources
