// crtname: certificate transparency; 100 requests a day for each address without a key.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kCrtname{
    .name = "crtname",
    .url = "https://crt.name",
    .key = Key::kOptional,
    .headers = "Authorization: Bearer {key}",
    .ask = {.path = "/v1/search?apex={apex}"},
    .form = Form::kLines,
};

}  // namespace m8::enumerate::sources
