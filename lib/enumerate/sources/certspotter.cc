// certspotter: certificate transparency by SSLMate; without a key about 100 answers an hour.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kCertspotter{
    .name = "certspotter",
    .url = "https://api.certspotter.com",
    .key = Key::kOptional,
    .recursive = true,
    .headers = "Authorization: Bearer {key}",
    .ask =
        {.path =
             "/v1/"
             "issuances?domain={domain}&include_subdomains=true&expand=dns_names&after={cursor}"},
    .names = "[].dns_names[]",
    .next = "[-1].id",
};

}  // namespace m8::enumerate::sources
