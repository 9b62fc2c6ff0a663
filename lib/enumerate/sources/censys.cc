// censys: names in certificates. The key is "token:organisation".
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kCensys{
    .name = "censys",
    .url = "https://api.platform.censys.io",
    .key = Key::kRequired,
    .headers = "Authorization: Bearer {id}\nX-Organization-ID: {secret}",
    .ask = {.path = "/v3/global/search/query",
            .body = R"({"query":"cert.names: {domain}","fields":["cert.names"],"page_size":100})"},
    .names = "result.hits[].certificate_v1.resource.names[]",
    .more =
        {.path = "/v3/global/search/query",
         .body =
             R"({"query":"cert.names: {domain}","fields":["cert.names"],"page_size":100,"cursor":"{cursor}"})"},
    .next = "result.next_page_token",
};

}  // namespace m8::enumerate::sources
