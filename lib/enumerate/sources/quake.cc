// quake: hosts that 360 scanned, 500 a page.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kQuake{
    .name = "quake",
    .url = "https://quake.360.net",
    .key = Key::kRequired,
    .headers = "X-QuakeToken: {key}",
    .ask =
        {.path = "/api/v3/search/quake_service",
         .body =
             R"({"query":"domain: {domain}","include":["service.http.host"],"latest":true,"size":500,"start":{page}})"},
    .names = "data[].service.http.host",
    .error = "code",
    .last_page = "meta.pagination.total",
    .first_page = 0,
    .page_step = 500,
};

}  // namespace m8::enumerate::sources
