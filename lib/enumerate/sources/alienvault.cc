// alienvault: passive DNS of the Open Threat Exchange; tells errors with status 200.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kAlienvault{
    .name = "alienvault",
    .url = "https://otx.alienvault.com",
    .key = Key::kRequired,
    .recursive = true,
    .headers = "Authorization: Bearer {key}",
    .ask = {.path = "/api/v1/indicators/domain/{domain}/passive_dns"},
    .names = "passive_dns[].hostname",
    .error = "error|detail",
};

}  // namespace m8::enumerate::sources
