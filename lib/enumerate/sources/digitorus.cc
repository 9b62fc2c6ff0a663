// digitorus: certificates, as pages of HTML; a page for a name it does not know lists others.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kDigitorus{
    .name = "digitorus",
    .url = "https://certificatedetails.com",
    .recursive = true,
    .ask = {.path = "/{domain}"},
    .form = Form::kText,
    .accept = 404,
};

}  // namespace m8::enumerate::sources
