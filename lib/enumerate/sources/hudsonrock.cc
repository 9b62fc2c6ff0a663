// hudsonrock: URLs from the logs of information stealers.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kHudsonrock{
    .name = "hudsonrock",
    .url = "https://cavalier.hudsonrock.com",
    .rate = "5/s",
    .ask = {.path = "/api/json/v2/osint-tools/urls-by-domain?domain={domain}"},
    .names = "data.employees_urls[].url|data.clients_urls[].url",
};

}  // namespace m8::enumerate::sources
