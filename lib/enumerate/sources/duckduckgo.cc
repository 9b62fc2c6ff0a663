// duckduckgo: the page of results that works without scripts.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kDuckduckgo{
    .name = "duckduckgo",
    .url = "https://html.duckduckgo.com",
    .rate = "10/m",
    .ask = {.path = "/html/?q=site:{domain}%20-site:www.{domain}"},
    .form = Form::kText,
};

}  // namespace m8::enumerate::sources
