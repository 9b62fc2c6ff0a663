// rapiddns: pages of HTML, until one has nothing new.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kRapiddns{
    .name = "rapiddns",
    .url = "https://rapiddns.io",
    .ask = {.path = "/subdomain/{domain}?page={page}&full=1"},
    .form = Form::kText,
};

}  // namespace m8::enumerate::sources
