// chinaz: names that add to the traffic of the domain.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kChinaz{
    .name = "chinaz",
    .url = "https://apidatav2.chinaz.com",
    .key = Key::kRequired,
    .ask = {.path = "/single/alexa?key={key}&domain={domain}"},
    .names = "Result.ContributingSubdomainList[].DataUrl",
};

}  // namespace m8::enumerate::sources
