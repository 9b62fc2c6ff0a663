#include "templates/update.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/temp_file.h"

using namespace m8;
using namespace m8::templates;

namespace {

namespace fs = std::filesystem;

/// A folder with a collection `c`, archives of it, and a place `home/t` for templates.
struct Ground {
  TempDirectory directory = *TempDirectory::create(fs::temp_directory_path().string());

  Ground() {
    fs::create_directories(path("c/http"));
    write("c/http/a.yaml", "id: a\n");
    write("c/.nuclei-ignore", "tags: []\n");
    fs::create_directory(path("home"));
  }
  std::string path(const std::string& name) const { return directory.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
  }
  /// Runs a program in the folder.
  void sh(const std::string& command) const {
    REQUIRE(std::system(fmt::format("cd '{}' && {}", directory.path(), command).c_str()) == 0);
  }
  std::string text(const std::string& name) const {
    const auto read = read_file(path(name));
    return read.ok() ? *read : std::string("none");
  }
  std::size_t entries(const std::string& name) const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(path(name))) ++count;
    return count;
  }

  Result<Updated> update(const std::string& source, const std::string& sha256 = {}) const {
    UpdateOptions options;
    options.source = path(source);
    options.destination = path("home/t");
    options.sha256 = sha256;
    options.limits.files = 50;
    options.limits.bytes = 1u << 20;
    return update_templates(options, {}, {});
  }
};

}  // namespace

TEST_CASE("templates/update: a folder, every kind of archive, with or without a top folder") {
  const Ground ground;
  ground.sh(
      "tar cf all.tar c && tar czf all.tar.gz c && tar cJf all.tar.xz c && "
      "tar cf - -C c . | zstd -q > all.tar.zst && "
      "python3 -m zipfile -c all.zip c/http/a.yaml c/.nuclei-ignore");
  for (const char* source :
       {"c", "all.tar", "all.tar.gz", "all.tar.xz", "all.tar.zst", "all.zip"}) {
    CAPTURE(source);
    const auto updated = ground.update(source);
    if (!updated.ok()) MESSAGE(updated.error().message);
    REQUIRE(updated.ok());
    CHECK(updated->templates == 1);
    CHECK(updated->files == 2);
    const bool zip = std::string(source) == "all.zip";
    CHECK(ground.text(zip ? "home/t/a.yaml" : "home/t/http/a.yaml") == "id: a\n");
    fs::remove_all(ground.path("home/t"));
    CHECK(ground.entries("home") <= 1);  // t.old at most
  }
}

TEST_CASE("templates/update: the former folder is kept, and replaced by the next") {
  const Ground ground;
  REQUIRE(ground.update("c").ok());
  ground.write("home/t/mine.yaml", "id: mine\n");
  ground.write("c/http/a.yaml", "id: b\n");
  const auto second = ground.update("c");
  REQUIRE(second.ok());
  CHECK(second->previous == ground.path("home/t.old"));
  CHECK(ground.text("home/t/http/a.yaml") == "id: b\n");
  CHECK(ground.text("home/t.old/mine.yaml") == "id: mine\n");
  REQUIRE(ground.update("c").ok());
  CHECK(ground.text("home/t.old/mine.yaml") == "none");
  CHECK(ground.entries("home") == 2);
}

TEST_CASE("templates/update: an archive that fails changes nothing") {
  const Ground ground;
  REQUIRE(ground.update("c").ok());
  ground.sh(
      "mkdir out empty many && touch empty/x && echo y > y && "
      "tar cPf up.tar -C out ../y && tar cPf root.tar $PWD/y && tar cf empty.tar empty && "
      "for i in $(seq 60); do touch many/$i.yaml; done && tar cf many.tar many && "
      "truncate -s 2M many/big.yaml && tar czf big.tgz many/big.yaml && "
      "tar cf whole.tar c && head -c 700 whole.tar > cut.tar && echo no > text");
  struct Row {
    const char* source;
    ErrorCode code;
  };
  for (const Row& row :
       {Row{"up.tar", ErrorCode::kDenied}, Row{"root.tar", ErrorCode::kDenied},
        Row{"many.tar", ErrorCode::kExhausted}, Row{"big.tgz", ErrorCode::kExhausted},
        Row{"cut.tar", ErrorCode::kInvalidArgument}, Row{"text", ErrorCode::kInvalidArgument},
        Row{"empty.tar", ErrorCode::kInvalidArgument}, Row{"none.tar", ErrorCode::kNotFound}}) {
    CAPTURE(row.source);
    const auto updated = ground.update(row.source);
    REQUIRE(!updated.ok());
    CAPTURE(updated.error().message);
    CHECK(updated.error().code == row.code);
    CHECK(ground.text("home/t/http/a.yaml") == "id: a\n");
    CHECK(ground.entries("home") == 1);
  }
}

TEST_CASE("templates/update: links are left out, and nothing is written through one") {
  const Ground ground;
  ground.sh(
      "ln -s /etc c/http/etc && ln -s ../../.. c/up && ln c/http/a.yaml c/hard.yaml && "
      "tar cf all.tar c && mkdir away d && ln -s ../away d/http && tar cf trick.tar d/http && "
      "rm d/http && mkdir d/http && echo 'id: x' > d/http/x.yaml && "
      "tar rf trick.tar d/http/x.yaml");
  const auto updated = ground.update("all.tar");
  REQUIRE(updated.ok());
  CHECK(updated->left_out == 3);
  CHECK(!fs::exists(fs::symlink_status(ground.path("home/t/up"))));
  const auto tricked = ground.update("trick.tar");
  REQUIRE(tricked.ok());
  CHECK(ground.entries("away") == 0);
  CHECK(ground.text("home/t/http/x.yaml") == "id: x\n");
}

TEST_CASE("templates/update: the checksum is that of the flag, else of the file beside it") {
  const Ground ground;
  ground.sh("tar cf all.tar c && sha256sum all.tar > all.tar.sha256");
  const std::string good = sha256_hex(ground.text("all.tar"));
  auto updated = ground.update("all.tar");
  REQUIRE(updated.ok());
  CHECK(updated->verified);
  CHECK(updated->sha256 == good);
  CHECK(!ground.update("all.tar", std::string(64, '0')).ok());
  CHECK(!ground.update("all.tar", "abc").ok());
  ground.write("all.tar.sha256", std::string(64, 'a') + "  all.tar\n");
  CHECK(!ground.update("all.tar").ok());
  CHECK(ground.update("all.tar", good)->verified);
  fs::remove(ground.path("all.tar.sha256"));
  CHECK(!ground.update("all.tar")->verified);
}

TEST_CASE("templates/update: a URL needs a checksum") {
  const Ground ground;
  ground.sh("tar cf all.tar c");
  const std::string archive = ground.text("all.tar");
  bool with_side = false;
  const Fetch fetch = [&](const std::string& url, std::stop_token) -> Result<std::string> {
    if (url == "http://h/all.tar") return archive;
    if (with_side && url == "http://h/all.tar.sha256") return sha256_hex(archive) + "  all.tar\n";
    return Error{ErrorCode::kNotFound, url};
  };
  UpdateOptions options;
  options.source = "http://h/all.tar";
  options.destination = ground.path("home/t");
  CHECK(!update_templates(options, fetch, {}).ok());
  options.unchecked = true;
  CHECK(!update_templates(options, fetch, {})->verified);
  options.unchecked = false;
  with_side = true;
  CHECK(update_templates(options, fetch, {})->verified);
}

TEST_CASE("templates/update: only a templates folder is replaced, by one update at a time") {
  const Ground ground;
  fs::create_directory(ground.path("home/t"));
  ground.write("home/t/letter.txt", "dear");
  CHECK(ground.update("c").error().code == ErrorCode::kDenied);
  CHECK(ground.text("home/t/letter.txt") == "dear");
  fs::remove_all(ground.path("home/t"));
  {
    const Fd lock(::open(ground.path("home").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(::flock(lock.get(), LOCK_EX) == 0);
    CHECK(ground.update("c").error().code == ErrorCode::kExists);
  }
  CHECK(ground.update("c").ok());
}
