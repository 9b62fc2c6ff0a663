// domainsproject: the Domains Project. The key is "user:password".
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kDomainsproject{
    .name = "domainsproject",
    .url = "https://api.domainsproject.org",
    .key = Key::kRequired,
    .headers = "Authorization: Basic {key64}",
    .ask = {.path = "/api/tld/search?domain={domain}"},
    .names = "domains[]",
    .error = "error",
};

}  // namespace m8::enumerate::sources
