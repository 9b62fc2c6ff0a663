// crtsh: certificate transparency, by its web interface.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kCrtsh{
    .name = "crtsh",
    .url = "https://crt.sh",
    .rate = "1/s",
    .recursive = true,
    .ask = {.path = "/?q=%25.{domain}&output=json"},
    .names = "[].name_value|[].common_name",
};

}  // namespace m8::enumerate::sources
