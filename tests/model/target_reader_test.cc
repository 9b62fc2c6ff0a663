#include "model/target_reader.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "base/temp_file.h"

using namespace m8;
using namespace m8::model;

namespace {

using Names = std::vector<std::string>;

Names read_all(TargetReader& reader) {
  Names out;
  for (;;) {
    auto spec = reader.next({});
    REQUIRE(spec.ok());
    if (!*spec) return out;
    out.push_back((*spec)->input);
  }
}

class File {
 public:
  explicit File(const std::string& text)
      : directory_(TempDirectory::create(std::filesystem::temp_directory_path().string()).value()) {
    std::ofstream(path()) << text;
  }
  std::string path() const { return directory_.path() + "/hosts.txt"; }

 private:
  TempDirectory directory_;
};

}  // namespace

TEST_CASE("model/target_reader: arguments, then files, each target once") {
  const File file("b.com\n\n  c.com  \r\na.com\nb.com");
  TargetReader reader({{"a.com", "http://a.com"}, {file.path()}, {}, 100, {}});
  CHECK(read_all(reader) == Names{"a.com", "http://a.com", "b.com", "c.com"});
  CHECK(reader.counts().given == 4);
  CHECK(reader.counts().duplicates == 2);
}

TEST_CASE("model/target_reader: ranges and ports are expanded") {
  TargetReader ranges({{"10.0.0.0/30"}, {}, {}, 100, {}});
  CHECK(read_all(ranges) == Names{"10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3"});
  TargetReader ports({{"10.0.0.0/31", "a.com", "b.com:1"}, {}, {80, 8443}, 100, {}});
  CHECK(read_all(ports) == Names{"10.0.0.0:80", "10.0.0.0:8443", "10.0.0.1:80", "10.0.0.1:8443",
                                 "a.com:80", "a.com:8443", "b.com:1"});
}

TEST_CASE("model/target_reader: a large range costs nothing") {
  TargetReader reader({{"10.0.0.0/8"}, {}, {}, 100, {}});
  for (int i = 0; i < 1000; ++i) REQUIRE(reader.next({}).ok());
  CHECK(reader.counts().given == 1000);
}

TEST_CASE("model/target_reader: bad lines are named and skipped") {
  const File file("a.com\nb c\n{\"x\":1}\nd.com\n");
  Names warnings;
  TargetReader reader(
      {{}, {file.path()}, {}, 100, [&](const Error& error) { warnings.push_back(error.message); }});
  CHECK(read_all(reader) == Names{"a.com", "d.com"});
  CHECK(reader.counts().rejected == 2);
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0] ==
        file.path() + ":2: not a target: b c: white space or a control character inside");
}

TEST_CASE("model/target_reader: an empty list is an end, a missing or odd file an error") {
  const File file("");
  TargetReader empty({{}, {file.path()}, {}, 100, {}});
  CHECK(read_all(empty).empty());
  TargetReader missing({{}, {"/nosuch/hosts"}, {}, 100, {}});
  CHECK(missing.next({}).error().message == "/nosuch/hosts: no such file or directory");
  TargetReader folder({{}, {std::filesystem::temp_directory_path().string()}, {}, 100, {}});
  CHECK(folder.next({}).error().message.find("is a directory") != std::string::npos);
}

TEST_CASE("model/target_reader: a stop ends it") {
  std::stop_source stop;
  stop.request_stop();
  TargetReader reader({{"a.com"}, {}, {}, 100, {}});
  CHECK(reader.next(stop.get_token()).error().code == ErrorCode::kCancelled);
}

TEST_CASE("model/target_reader: the set of seen texts grows, and stops at its bound") {
  SeenSet seen(5000);
  for (int i = 0; i < 5000; ++i) REQUIRE(seen.insert(std::to_string(i)));
  CHECK(seen.size() == 5000);
  SeenSet small(2);
  CHECK(small.insert("a"));
  CHECK(!small.insert("a"));
  CHECK(small.insert("b"));
  CHECK(small.insert("c"));
  CHECK(small.insert("c"));
  CHECK(small.size() == 2);
}

TEST_CASE("model/target_reader: FIRST-LAST is a range, a port may name its scheme") {
  TargetReader range({{"10.0.0.254-10.0.1.1"}, {}, {}, 100, {}});
  CHECK(read_all(range) == Names{"10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1"});
  TargetReader schemes({{"a.com"}, {}, {{8080, "http"}, {8443, "https"}, 81}, 100, {}});
  CHECK(read_all(schemes) == Names{"http://a.com:8080", "https://a.com:8443", "a.com:81"});
}
