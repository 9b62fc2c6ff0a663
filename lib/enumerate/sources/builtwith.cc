// builtwith: names are told in two parts.
#include "enumerate/sources/paths.h"
#include "enumerate/sources/query.h"

namespace m8::enumerate::sources {
namespace {

Status join_parts(Query& query) {
  const Reply reply = M8_TRY(query.get(query.source().ask.path));
  for (const auto& document : reply.documents) {
    select_values(document, "Results[].Result.Paths[]", [&](const json::Value& path) {
      query.take_text(std::string(path.string_at("SubDomain")) + "." +
                      std::string(path.string_at("Domain")));
    });
  }
  return {};
}

}  // namespace

extern constinit const Source kBuiltwith{
    .name = "builtwith",
    .url = "https://api.builtwith.com",
    .key = Key::kRequired,
    .ask = {.path = "/v21/"
                    "api.json?KEY={key}&HIDETEXT=yes&HIDEDL=yes&NOLIVE=yes&NOMETA=yes&NOPII=yes&"
                    "NOATTR=yes&LOOKUP={domain}"},
    .error = "Errors[].Message",
    .run = join_parts,
};

}  // namespace m8::enumerate::sources
