// netlas: how many names there are, then all of them at once.
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

constexpr Ask kDownload{.path = "/api/domains/download/",
                        .body =
                            R"({"q":"domain:*.{domain} AND NOT domain:{domain}","fields":["*"],)"
                            R"("source_type":"include","size":{count}})"};

Status download(Query& query) {
  const Reply counted =
      M8_TRY(query.get("/api/domains_count/?q=domain:*.{domain}%20AND%20NOT%20domain:{domain}"));
  const std::string count = counted.text("count");
  if (count.empty() || count == "0") return {};
  query.set("count", count);
  query.take(M8_TRY(query.ask(kDownload)));
  return {};
}

}  // namespace

extern constinit const Source kNetlas{
    .name = "netlas",
    .url = "https://app.netlas.io",
    .key = Key::kRequired,
    .rate = "1/s",
    .headers = "X-API-Key: {key}",
    .names = "[].data.domain",
    .run = download,
};

}  // namespace m8::enumerate::sources
