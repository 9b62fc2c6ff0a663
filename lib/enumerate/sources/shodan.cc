// shodan: labels, page by page.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kShodan{
    .name = "shodan",
    .url = "https://api.shodan.io",
    .key = Key::kRequired,
    .rate = "1/s",
    .ask = {.path = "/dns/domain/{domain}?key={key}&page={page}"},
    .names = "subdomains[]",
    .labels = true,
    .error = "error",
    .accept = 404,
    .next = "more",
};

}  // namespace m8::enumerate::sources
