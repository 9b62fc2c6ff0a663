// digitalyama: one list.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kDigitalyama{
    .name = "digitalyama",
    .url = "https://api.digitalyama.com",
    .key = Key::kRequired,
    .headers = "x-api-key: {key}",
    .ask = {.path = "/subdomain_finder?domain={domain}"},
    .names = "subdomains[]",
};

}  // namespace m8::enumerate::sources
