// dnsdumpster: hosts, name servers, mail servers, aliases.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kDnsdumpster{
    .name = "dnsdumpster",
    .url = "https://api.dnsdumpster.com",
    .key = Key::kRequired,
    .rate = "30/m",
    .headers = "X-API-Key: {key}",
    .ask = {.path = "/domain/{domain}"},
    .names = "a[].host|ns[].host|mx[].host|cname[].host",
    .error = "error",
};

}  // namespace m8::enumerate::sources
