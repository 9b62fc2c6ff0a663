// commoncrawl: URLs of the Common Crawl, from the newest index of each of the last five years.
#include <set>
#include <vector>

#include "base/json.h"
#include "enumerate/sources/paths.h"
#include "enumerate/sources/query.h"
#include "net/url.h"

namespace m8::enumerate::sources {
namespace {

constexpr std::size_t kYears = 5;

/// Paths of the indexes to ask, newest first: collinfo.json lists {"id":"CC-MAIN-2024-10",...}.
std::vector<std::string> indexes_of(const json::Value& list) {
  std::vector<std::string> paths;
  std::set<std::string> years;
  for (const auto& index : list.items()) {
    const std::string year(index.string_at("id").substr(0, 12));
    const auto url = net::Url::parse(index.string_at("cdx-api"));
    if (!url.ok() || years.size() == kYears || !years.insert(year).second) continue;
    paths.push_back(url->path);
  }
  return paths;
}

Status ask_indexes(Query& query) {
  const Reply list = M8_TRY(query.get("/collinfo.json"));
  const auto indexes = json::parse(list.body);
  if (!indexes.ok()) return query.fail({State::kDown, "its list of indexes is not JSON"});
  for (const auto& path : indexes_of(*indexes)) {
    query.set("cursor", path);
    query.take(M8_TRY(query.get(path + "?url=*.{domain}&fl=url")));
  }
  return {};
}

}  // namespace

extern constinit const Source kCommoncrawl{
    .name = "commoncrawl",
    .url = "https://index.commoncrawl.org",
    .rate = "1/s",
    .form = Form::kText,
    .accept = 404,
    .run = ask_indexes,
};

}  // namespace m8::enumerate::sources
