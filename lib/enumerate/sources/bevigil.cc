// bevigil: names in mobile applications.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kBevigil{
    .name = "bevigil",
    .url = "https://osint.bevigil.com",
    .key = Key::kRequired,
    .headers = "X-Access-Token: {key}",
    .ask = {.path = "/api/{domain}/subdomains/"},
    .names = "subdomains[]",
};

}  // namespace m8::enumerate::sources
