// columbus: the Columbus Project; an array of labels.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kColumbus{
    .name = "columbus",
    .url = "https://columbus.elmasy.com",
    .ask = {.path = "/api/lookup/{domain}?days=365"},
    .names = "[]",
    .labels = true,
    .accept = 404,
};

}  // namespace m8::enumerate::sources
