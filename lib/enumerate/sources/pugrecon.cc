// pugrecon: one list.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kPugrecon{
    .name = "pugrecon",
    .url = "https://pugrecon.com",
    .key = Key::kRequired,
    .headers = "Authorization: Bearer {key}",
    .ask = {.path = "/api/v1/domains", .body = R"({"domain_name":"{domain}"})"},
    .names = "results[].name",
};

}  // namespace m8::enumerate::sources
