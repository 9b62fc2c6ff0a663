// dnshistory: dnshistory.org; pages of HTML, until one has nothing new.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kDnshistory{
    .name = "dnshistory",
    .url = "https://dnshistory.org",
    .rate = "1/s",
    .ask = {.path = "/subdomains/{page}/{domain}"},
    .form = Form::kText,
};

}  // namespace m8::enumerate::sources
