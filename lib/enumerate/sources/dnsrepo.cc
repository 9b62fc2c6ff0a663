// dnsrepo: dnsarchive.net. The key is "token:key".
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kDnsrepo{
    .name = "dnsrepo",
    .url = "https://dnsarchive.net",
    .key = Key::kRequired,
    .headers = "X-API-Access: {id}",
    .ask = {.path = "/api/?apikey={secret}&search={domain}"},
    .names = "[].domain",
};

}  // namespace m8::enumerate::sources
