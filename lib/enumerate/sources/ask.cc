// ask: pages of results of ask.com, until one has nothing new.
#include "enumerate/sources/source.h"

namespace m8::enumerate::sources {

extern constinit const Source kAsk{
    .name = "ask",
    .url = "https://www.ask.com",
    .rate = "10/m",
    .ask = {.path = "/web?q=site:{domain}%20-www.{domain}&page={page}"},
    .form = Form::kText,
};

}  // namespace m8::enumerate::sources
