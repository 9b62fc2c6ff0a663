// urlscan: pages that its users had scanned; more of them with a key.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kUrlscan{
    .name = "urlscan",
    .url = "https://urlscan.io",
    .key = Key::kOptional,
    .headers = "API-Key: {key}",
    .ask = {.path = "/api/v1/search/?q=domain:{domain}&size=100&search_after={cursor}"},
    .names = "results[].task.domain|results[].task.url|results[].page.domain|results[].page.url",
    .next = "results[-1].sort[]",
};

}  // namespace m8::enumerate::sources
