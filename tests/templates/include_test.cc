#include "templates/include.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/temp_file.h"

using namespace m8;
using templates::fill_includes;

namespace {

struct Folder {
  TempDirectory directory = *TempDirectory::create(std::filesystem::temp_directory_path().string());

  std::string write(const std::string& name, const std::string& text) const {
    const auto path = std::filesystem::path(directory.path()) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
};

}  // namespace

TEST_CASE("templates/include: a comment stands for a file, indented as it is, which may include") {
  const Folder folder;
  folder.write("parts/two.yaml", "b: 2\n# !include:three.yaml\nd: 4\n");
  folder.write("parts/three.yaml", "c:\n  - 3");
  const std::string path = folder.write("t/x.yaml", "");
  folder.write("t/one.yaml", "a: 1\n");
  CHECK(!templates::has_includes("a: 1 # include: x.yaml"));
  CHECK(templates::has_includes("# !include:one.yaml"));
  CHECK(*fill_includes("x:\n  # !include:one.yaml\ny: 2", path) == "x:\n  a: 1\n\ny: 2");
  const std::string above = folder.write("x.yaml", "");
  CHECK(*fill_includes("x:\n  # !include:parts/two.yaml\n", above) ==
        "x:\n  b: 2\n  c:\n    - 3\n  d: 4\n\n");
}

TEST_CASE("templates/include: what is not there stays a comment; outside, in a circle: refused") {
  const Folder folder;
  const std::string path = folder.write("t/x.yaml", "");
  folder.write("secret.yaml", "s: 1\n");
  folder.write("t/self.yaml", "# !include:self.yaml\n");
  folder.write("t/big.yaml", std::string(3u << 20, '#'));
  CHECK(*fill_includes("# !include:none.yaml\na: 1", path) == "# !include:none.yaml\na: 1");
  CHECK(fill_includes("# !include:../secret.yaml", path).error().code == ErrorCode::kDenied);
  CHECK(
      fill_includes("# !include:" + folder.directory.path() + "/secret.yaml", path).error().code ==
      ErrorCode::kDenied);
  CHECK(fill_includes("# !include:self.yaml", path).error().code == ErrorCode::kExhausted);
  CHECK(fill_includes("# !include:big.yaml\n# !include:big.yaml", path).error().code ==
        ErrorCode::kExhausted);
}
