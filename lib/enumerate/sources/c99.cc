// c99: its scanner and cache.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kC99{
    .name = "c99",
    .url = "https://api.c99.nl",
    .key = Key::kRequired,
    .ask = {.path = "/subdomainfinder?key={key}&domain={domain}&json"},
    .names = "subdomains[].subdomain",
    .error = "error",
};

}  // namespace m8::enumerate::sources
