// threatbook: its database of names.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kThreatbook{
    .name = "threatbook",
    .url = "https://api.threatbook.cn",
    .key = Key::kRequired,
    .ask = {.path = "/v3/domain/sub_domains?apikey={key}&resource={domain}"},
    .names = "data.sub_domains.data[]",
    .error = "response_code",
};

}  // namespace m8::enumerate::sources
