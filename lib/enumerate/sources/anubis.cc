// anubis: names that its users have seen. A JSON array.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kAnubis{
    .name = "anubis",
    .url = "https://jonlu.ca",
    .ask = {.path = "/anubis/subdomains/{domain}"},
    .names = "[]",
};

}  // namespace m8::enumerate::sources
