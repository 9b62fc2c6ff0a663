// The reference's selections over real templates, where the test data is there (M8_TEST_DATA).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/temp_file.h"
#include "dsl/services.h"
#include "templates/files.h"
#include "templates/filter.h"

using namespace m8;
using namespace m8::templates;

namespace {

std::string data_folder() {
  if (const char* folder = std::getenv("M8_TEST_DATA")) return folder;
  const char* source = std::getenv("M8_SOURCE_DIR");
  return source ? std::string(source) + "/../shared/data" : std::string();
}

std::vector<Document> read_all(const std::string& root) {
  std::vector<Document> out;
  const auto files = find_files({root}, root);
  REQUIRE(files.ok());
  for (const std::string& file : *files) {
    const auto text = read_file(file);
    REQUIRE(text.ok());
    auto document = read_document(*text, {file, file.substr(root.size() + 1)});
    CAPTURE(file);
    if (!document.ok()) MESSAGE(document.error().message);
    REQUIRE(document.ok());
    if (document->kind == Kind::kWorkflow) continue;
    document->blocks.clear();  // the filters don't look at them
    out.push_back(std::move(document).value());
  }
  return out;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, ',');) out.push_back(item);
  return out;
}

template <typename T, typename Parse>
std::vector<T> parsed(const std::string& text, Parse parse) {
  std::vector<T> out;
  for (const std::string& item : split(text)) out.push_back(parse(item));
  return out;
}

void set(Filter& filter, const std::string& flag, const std::string& value) {
  const auto severity = [](const std::string& word) { return *model::parse_severity(word); };
  const auto kind = [](const std::string& word) { return parse_kind(word); };
  if (flag == "-s") {
    filter.severities = parsed<model::Severity>(value, severity);
  } else if (flag == "-es") {
    filter.exclude_severities = parsed<model::Severity>(value, severity);
  } else if (flag == "-pt") {
    filter.kinds = parsed<Kind>(value, kind);
  } else if (flag == "-ept") {
    filter.exclude_kinds = parsed<Kind>(value, kind);
  } else if (flag == "-tags") {
    filter.tags = split(value);
  } else if (flag == "-etags") {
    filter.exclude_tags = split(value);
  } else if (flag == "-itags") {
    filter.include_tags = split(value);
  } else if (flag == "-id") {
    filter.ids = split(value);
  } else if (flag == "-eid") {
    filter.exclude_ids = split(value);
  } else if (flag == "-a") {
    filter.authors = split(value);
  } else {
    REQUIRE(flag == "-tc");
    REQUIRE(filter.add_condition(value).ok());
  }
}

Filter filter_of(const std::string& flags) {
  Filter filter;
  std::istringstream in(flags);
  for (std::string flag, value; in >> flag >> value;) set(filter, flag, value);
  return filter;
}

}  // namespace

TEST_CASE("templates/filter: selects what the reference selects") {
  const std::string data = data_folder();
  const std::string archive = data + "/nuclei-templates.tar.xz";
  if (!std::filesystem::exists(archive)) {
    MESSAGE("skipped: no test data at " << data);
    return;
  }
  const auto folder = TempDirectory::create(std::filesystem::temp_directory_path().string());
  REQUIRE(folder.ok());
  REQUIRE(std::system(fmt::format("tar -xJf '{}' -C '{}'", archive, folder->path()).c_str()) == 0);
  const std::vector<Document> documents = read_all(folder->path() + "/nuclei-templates");
  std::ifstream table(data + "/template-filters.tsv");
  dsl::Services services;
  int rows = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto tab = line.find('\t'), last = line.rfind('\t');
    REQUIRE(tab < last);
    CAPTURE(line);
    const Filter filter = filter_of(line.substr(0, tab));
    std::vector<std::string> paths;
    for (const Document& document : documents)
      if (filter.selects(document, services)) paths.push_back(document.info->relative_path);
    std::sort(paths.begin(), paths.end());
    std::string text;
    for (const std::string& path : paths) text += path + "\n";
    CHECK(paths.size() == std::stoul(line.substr(tab + 1, last - tab - 1)));
    CHECK(sha256_hex(text) == line.substr(last + 1));
    ++rows;
  }
  CHECK(rows == 22);
}
