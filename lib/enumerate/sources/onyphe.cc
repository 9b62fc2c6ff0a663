// onyphe: its resolver category, 1,000 records a page; fields are texts or lists of them.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kOnyphe{
    .name = "onyphe",
    .url = "https://www.onyphe.io",
    .key = Key::kRequired,
    .headers = "Authorization: bearer {key}",
    .ask = {.path = "/api/v2/search/?q=category:resolver%20domain:{domain}&page={page}&size=1000"},
    .names =
        "results[].subdomains[]|results[].hostname|results[].hostname[]|results[].forward|results[]"
        ".forward[]|results[].reverse|results[].reverse[]",
    .error = "error",
    .last_page = "max_page",
};

}  // namespace m8::enumerate::sources
