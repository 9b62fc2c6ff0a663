// whoisxmlapi: passive DNS.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kWhoisxmlapi{
    .name = "whoisxmlapi",
    .url = "https://subdomains.whoisxmlapi.com",
    .key = Key::kRequired,
    .rate = "50/s",
    .ask = {.path = "/api/v1?apiKey={key}&domainName={domain}"},
    .names = "result.records[].domain",
};

}  // namespace m8::enumerate::sources
