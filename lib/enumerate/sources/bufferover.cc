// bufferover: names in certificates of all addresses.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kBufferover{
    .name = "bufferover",
    .url = "https://tls.bufferover.run",
    .key = Key::kRequired,
    .recursive = true,
    .headers = "x-api-key: {key}",
    .ask = {.path = "/dns?q=.{domain}"},
    .names = "FDNS_A[]|RDNS[]|Results[]",
    .error = "Meta.Errors[]",
};

}  // namespace m8::enumerate::sources
