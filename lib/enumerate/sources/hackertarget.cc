// hackertarget: "host,address" lines. Errors come as one line of words with status 200.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kHackertarget{
    .name = "hackertarget",
    .url = "https://api.hackertarget.com",
    .rate = "2/s",
    .recursive = true,
    .ask = {.path = "/hostsearch/?q={domain}"},
    .form = Form::kLines,
};

}  // namespace m8::enumerate::sources
