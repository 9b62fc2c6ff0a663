// fullhunt: its attack surface database.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kFullhunt{
    .name = "fullhunt",
    .url = "https://fullhunt.io",
    .key = Key::kRequired,
    .rate = "60/m",
    .headers = "X-API-KEY: {key}",
    .ask = {.path = "/api/v1/domain/{domain}/subdomains"},
    .names = "hosts[]",
};

}  // namespace m8::enumerate::sources
