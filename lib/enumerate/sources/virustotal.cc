// virustotal: 40 names a page; the free quota is 4 requests a minute and 500 a day.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kVirustotal{
    .name = "virustotal",
    .url = "https://www.virustotal.com",
    .key = Key::kRequired,
    .rate = "4/m",
    .recursive = true,
    .headers = "x-apikey: {key}",
    .ask = {.path = "/api/v3/domains/{domain}/subdomains?limit=40&cursor={cursor}"},
    .names = "data[].id",
    .next = "meta.cursor",
};

}  // namespace m8::enumerate::sources
