// sitedossier: pages of HTML, each with a link to the next; found pages come with 404 too.
#include "base/regex.h"
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

Status follow_links(Query& query) {
  const Regex link = M8_TRY(Regex::compile(R"re(<a href="(/[A-Za-z0-9/.]+)"><b>)re"));
  std::string path = "/parentdomain/{domain}";
  for (;;) {
    const Reply reply = M8_TRY(query.get(path));
    query.take(reply);
    const auto next = link.find_all(reply.body, 1);
    if (next.empty() || next.front() == path) return {};
    path = next.front();
  }
}

}  // namespace

extern constinit const Source kSitedossier{
    .name = "sitedossier",
    .url = "http://www.sitedossier.com",
    .rate = "8/m",
    .form = Form::kText,
    .accept = 404,
    .run = follow_links,
};

}  // namespace m8::enumerate::sources
