// merklemap: certificate transparency, page by page from 0.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kMerklemap{
    .name = "merklemap",
    .url = "https://api.merklemap.com",
    .key = Key::kRequired,
    .recursive = true,
    .headers = "Authorization: Bearer {key}",
    .ask = {.path = "/v1/search?query=*.{domain}&page={page}"},
    .names = "results[].hostname",
    .first_page = 0,
};

}  // namespace m8::enumerate::sources
