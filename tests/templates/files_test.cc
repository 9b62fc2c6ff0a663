#include "templates/files.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "base/temp_file.h"

using namespace m8;
using namespace m8::templates;

namespace {

/// A folder with the given files, all empty.
class Folder {
 public:
  explicit Folder(const std::vector<std::string>& files)
      : directory_(TempDirectory::create(std::filesystem::temp_directory_path().string()).value()) {
    for (const std::string& file : files) write(file, "");
  }
  void write(const std::string& file, const std::string& text) const {
    const std::filesystem::path path = directory_.path() + "/" + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  const std::string& path() const { return directory_.path(); }

  /// What find_files() finds, relative to the folder.
  std::vector<std::string> find(const std::vector<std::string>& arguments) const {
    const auto found = find_files(arguments, path());
    REQUIRE(found.ok());
    std::vector<std::string> out;
    for (const std::string& file : *found) out.push_back(file.substr(path().size() + 1));
    return out;
  }

 private:
  TempDirectory directory_;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("templates/files: a folder is searched whole, without helpers") {
  const Folder folder({"b.yaml", "a/c.json", "a/d.yml", "a/e.txt", ".git/x.yaml", "helpers/y.yaml",
                       "a/Helpers/z.yaml", "cves.json", "TEMPLATES-STATS.json", "UP.YAML"});
  CHECK(folder.find({folder.path()}) == Names{"UP.YAML", "a/c.json", "b.yaml"});
}

TEST_CASE("templates/files: arguments keep their order, each file once") {
  const Folder folder({"b.yaml", "a/c.yaml", "a/d.yaml"});
  CHECK(folder.find({"b.yaml", "a", "a/c.yaml"}) == Names{"b.yaml", "a/c.yaml", "a/d.yaml"});
  CHECK(folder.find({"a/*.yaml"}) == Names{"a/c.yaml", "a/d.yaml"});
}

TEST_CASE("templates/files: what is not there is named") {
  const Folder folder({"a.yml"});
  const auto missing = find_files({"nosuch.yaml"}, folder.path());
  REQUIRE(!missing.ok());
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK(missing.error().message == "could not find template 'nosuch.yaml'");
  const auto wrong = find_files({"a.yml"}, folder.path());
  REQUIRE(!wrong.ok());
  CHECK(wrong.error().message ==
        "failed to identify template format expected JSON or YAML but got " + folder.path() +
            "/a.yml");
}

TEST_CASE("templates/files: the ignore file is read when it is there") {
  const Folder folder({"http/x.yaml"});
  CHECK(read_ignore_list(folder.path())->tags.empty());
  folder.write(".nuclei-ignore", "tags:\n  - dos\n  - Fuzz\nfiles:\n  - http/x.yaml\n");
  const auto list = read_ignore_list(folder.path());
  REQUIRE(list.ok());
  CHECK(list->tags == Names{"dos", "fuzz"});
  CHECK(list->files == Names{folder.path() + "/http/x.yaml"});
  folder.write(".nuclei-ignore", "a: [");
  CHECK(!read_ignore_list(folder.path()).ok());
}
