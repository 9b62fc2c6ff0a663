// zoomeyeapi: 1,000 names a page. The key is "host:key", such as "zoomeye.hk:...".
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kZoomeyeapi{
    .name = "zoomeyeapi",
    .url = "https://api.{id}",
    .key = Key::kRequired,
    .headers = "API-KEY: {secret}",
    .ask = {.path = "/domain/search?q={domain}&type=1&s=1000&page={page}"},
    .names = "list[].name",
};

}  // namespace m8::enumerate::sources
