// leakix: services that its scanners saw; more of them with a key.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kLeakix{
    .name = "leakix",
    .url = "https://leakix.net",
    .key = Key::kOptional,
    .recursive = true,
    .headers = "api-key: {key}\nAccept: application/json",
    .ask = {.path = "/api/subdomains/{domain}"},
    .names = "[].subdomain",
};

}  // namespace m8::enumerate::sources
