// gitlab: code search, 100 fragments a page.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kGitlab{
    .name = "gitlab",
    .url = "https://gitlab.com",
    .key = Key::kRequired,
    .headers = "PRIVATE-TOKEN: {key}",
    .ask = {.path = "/api/v4/search?scope=blobs&search={domain}&per_page=100&page={page}"},
    .names = "[].data",
};

}  // namespace m8::enumerate::sources
