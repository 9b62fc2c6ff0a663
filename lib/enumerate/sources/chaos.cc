// chaos: the data set of ProjectDiscovery; labels.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kChaos{
    .name = "chaos",
    .url = "https://dns.projectdiscovery.io",
    .key = Key::kRequired,
    .headers = "Authorization: {key}",
    .ask = {.path = "/dns/{domain}/subdomains"},
    .names = "subdomains[]",
    .labels = true,
};

}  // namespace m8::enumerate::sources
