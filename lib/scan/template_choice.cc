#include "scan/template_choice.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "http/text.h"
#include "probe/page.h"

namespace m8::scan {
namespace {

using Tags = std::set<std::string, std::less<>>;

/// "Apache HTTP Server" gives itself, apache, http and server, but not what any answer has.
void add_tags(std::string_view technology, Tags& tags) {
  static constexpr std::string_view kSaysNothing[] = {"http", "server", "web", "of", "the", "for"};
  std::string name = http::lower_text(technology);
  for (std::string_view rest = name; !rest.empty();) {
    const auto end = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool empty = word.empty() || std::find(std::begin(kSaysNothing), std::end(kSaysNothing),
                                                 word) != std::end(kSaysNothing);
    if (!empty) tags.emplace(word);
  }
  tags.insert(std::move(name));
}

}  // namespace

TechnologyChoice::TechnologyChoice(probe::Fingerprints fingerprints)
    : detector_(std::move(fingerprints)) {}

std::vector<bool> TechnologyChoice::chosen(
    const std::vector<std::shared_ptr<const templates::Template>>& templates,
    const http::Response& page) const {
  Tags tags;
  for (const auto& one : detector_.detect(page, probe::read_page(page.body)))
    add_tags(one.name, tags);
  std::vector<bool> out;
  out.reserve(templates.size());
  for (const auto& one : templates) {
    const auto& own = one->info().tags;
    out.push_back(std::any_of(own.begin(), own.end(),
                              [&tags](const std::string& tag) { return tags.contains(tag); }));
  }
  return out;
}

}  // namespace m8::scan
