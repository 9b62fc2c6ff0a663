// threatcrowd: names seen with malware.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kThreatcrowd{
    .name = "threatcrowd",
    .url = "http://ci-www.threatcrowd.org",
    .ask = {.path = "/searchApi/v2/domain/report/?domain={domain}"},
    .names = "subdomains[]",
};

}  // namespace m8::enumerate::sources
