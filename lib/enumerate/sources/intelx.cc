// intelx: the phone book of Intelligence X, polled while it searches. The key is "host:key".
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

constexpr Ask kSearch{
    .path = "/phonebook/search?k={secret}",
    .body = R"({"Term":"{domain}","Maxresults":100000,"Media":0,"Target":1,"Timeout":20})"};
constexpr std::chrono::milliseconds kPause{500};

Status poll(Query& query) {
  const Reply search = M8_TRY(query.ask(kSearch));
  query.set("search", search.text("id"));
  for (;;) {
    const Reply reply =
        M8_TRY(query.get("/phonebook/search/result?k={secret}&id={search}&limit=10000"));
    query.take(reply);
    // 0: there is more; 3: nothing yet; anything else: the end.
    const std::string status = reply.text("status");
    if (status != "0" && status != "3") return {};
    if (status == "3") M8_TRY(query.wait(kPause));
  }
}

}  // namespace

extern constinit const Source kIntelx{
    .name = "intelx",
    .url = "https://{id}",
    .key = Key::kRequired,
    .names = "selectors[].selectorvalue",
    .run = poll,
};

}  // namespace m8::enumerate::sources
