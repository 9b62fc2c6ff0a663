// thc: the name database of ip.thc.org, 1,000 names a page.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kThc{
    .name = "thc",
    .url = "https://ip.thc.org",
    .ask = {.path = "/api/v1/lookup/subdomains",
            .body = R"({"domain":"{domain}","page_state":"{cursor}","limit":1000})"},
    .names = "domains[].domain",
    .next = "next_page_state",
};

}  // namespace m8::enumerate::sources
