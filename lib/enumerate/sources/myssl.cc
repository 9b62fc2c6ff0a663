// myssl: certificates and passive DNS.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kMyssl{
    .name = "myssl",
    .url = "https://myssl.com",
    .ask = {.path = "/api/v1/discover_sub_domain?domain={domain}"},
    .names = "data[].domain",
    .error = "error",
};

}  // namespace m8::enumerate::sources
