// profundis: a stream of one name a line.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kProfundis{
    .name = "profundis",
    .url = "https://api.profundis.io",
    .key = Key::kRequired,
    .headers = "X-API-KEY: {key}\nAccept: text/event-stream\nContent-Type: application/json",
    .ask = {.path = "/api/v2/common/data/subdomains", .body = R"({"domain":"{domain}"})"},
    .form = Form::kLines,
};

}  // namespace m8::enumerate::sources
