// subdomaincenter: subdomain.center; a JSON array.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kSubdomaincenter{
    .name = "subdomaincenter",
    .url = "https://api.subdomain.center",
    .rate = "20/m",
    .ask = {.path = "/?domain={domain}"},
    .names = "[]",
};

}  // namespace m8::enumerate::sources
