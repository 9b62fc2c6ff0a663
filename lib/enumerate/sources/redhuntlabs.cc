// redhuntlabs: 1,000 names a page. The key is "URL:key", with the URL of the plan.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kRedhuntlabs{
    .name = "redhuntlabs",
    .url = "{id}",
    .key = Key::kRequired,
    .headers = "X-BLOBR-KEY: {secret}",
    .ask = {.path = "?domain={domain}&page={page}&page_size=1000"},
    .names = "subdomains[]",
};

}  // namespace m8::enumerate::sources
