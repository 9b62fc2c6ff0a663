// Every dsl: string of a folder of templates compiles. The folder is given by M8_TEMPLATES; it
// takes seconds, so nothing is unpacked for it by itself.
#include <cstdlib>
#include <filesystem>
#include <set>

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/yaml.h"
#include "dsl/expression.h"

namespace m8::dsl {
namespace {

void collect(const yaml::Node& node, std::set<std::string>& out) {
  for (const yaml::Node& item : node.items()) collect(item, out);
  for (const auto& [key, member] : node.members()) {
    if (key != "dsl") {
      collect(member, out);
      continue;
    }
    for (const yaml::Node& item : member.items()) out.emplace(item.text());
  }
}

std::set<std::string> expressions_in(const std::string& folder) {
  std::set<std::string> out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    const auto text = read_file(entry.path().string());
    if (!text.ok() || text->find("dsl:") == std::string::npos) continue;
    const auto tree = yaml::parse(*text);
    if (tree.ok()) collect(*tree, out);
  }
  return out;
}

TEST_CASE("dsl/corpus: all but three expressions of real templates compile") {
  const char* folder = std::getenv("M8_TEMPLATES");
  if (folder == nullptr) {
    MESSAGE("left out: M8_TEMPLATES names no folder of templates");
    return;
  }
  const auto expressions = expressions_in(folder);
  CHECK(expressions.size() > 1000);
  int broken = 0;
  for (const std::string& text : expressions) {
    const auto compiled = Expression::compile(text);
    if (compiled.ok() || compiled.error().code == ErrorCode::kUnsupported) continue;
    MESSAGE(text << ": " << compiled.error().message);
    ++broken;
  }
  MESSAGE(expressions.size() << " expressions");
  CHECK(broken <= 3);
}

}  // namespace
}  // namespace m8::dsl
