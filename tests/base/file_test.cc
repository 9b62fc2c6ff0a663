#include "base/file.h"

#include <filesystem>
#include <fstream>
#include <stop_token>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/temp_file.h"

using namespace m8;

namespace {

const std::string kTmp = std::filesystem::temp_directory_path();

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

std::vector<std::string> lines_of(const std::string& path) {
  auto reader = LineReader::open(path);
  REQUIRE(reader.ok());
  std::vector<std::string> lines;
  for (;;) {
    auto line = reader->next();
    if (!line.ok()) {
      lines.push_back("error: " + line.error().message);
    } else if (!*line) {
      return lines;
    } else {
      lines.emplace_back(**line);
    }
  }
}

}  // namespace

TEST_CASE("base/file: errors name the path and the reason") {
  const auto directory = TempDirectory::create(kTmp);
  const auto missing = read_file(directory->path() + "/none");
  REQUIRE(!missing.ok());
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK(missing.error().message == directory->path() + "/none: no such file or directory");
  CHECK(read_file(directory->path()).error().message == directory->path() + ": is a directory");
  CHECK(read_file("/dev/zero", 1000).error().code == ErrorCode::kExhausted);
}

TEST_CASE("base/file: an atomic write replaces the whole or nothing") {
  const auto directory = TempDirectory::create(kTmp);
  const std::string path = directory->path() + "/out";
  CHECK(write_file_atomically(path, "one").ok());
  CHECK(write_file_atomically(path, "two").ok());
  CHECK(*read_file(path) == "two");
  CHECK(write_file_atomically(directory->path() + "/no/out", "x").error().code ==
        ErrorCode::kNotFound);
  CHECK(write_file_atomically(directory->path(), "x").ok() == false);
  CHECK(std::distance(std::filesystem::directory_iterator(directory->path()), {}) == 1);
}

TEST_CASE("base/file: lines end in LF, CR LF or the end, and long ones are skipped") {
  const auto file = TempFile::create(kTmp);
  std::ofstream(file->path()) << "a\r\n\nb " << std::string(70'000, 'x') << "\n"
                              << std::string(3u << 20, 'y') << "\nlast";
  const auto lines = lines_of(file->path());
  REQUIRE(lines.size() == 5);
  CHECK(lines[0] == "a");
  CHECK(lines[1] == "");
  CHECK(lines[2].size() == 70'002);
  CHECK(lines[3] == "error: line 4: longer than 1048576 bytes");
  CHECK(lines[4] == "last");
}

TEST_CASE("base/file: a long last line without an end is an error too") {
  const auto file = TempFile::create(kTmp);
  std::ofstream(file->path()) << std::string(3u << 20, 'y');
  CHECK(lines_of(file->path()) ==
        std::vector<std::string>{"error: line 1: longer than 1048576 bytes"});
}

TEST_CASE("base/temp_file: private, and gone with their guard") {
  std::string file_path, directory_path;
  {
    auto file = TempFile::create(kTmp);
    auto directory = TempDirectory::create(kTmp);
    file_path = file->path();
    directory_path = directory->path();
    CHECK(mode_of(file_path) == 0600);
    CHECK(mode_of(directory_path) == 0700);
    std::ofstream(directory_path + "/inside") << "x";
    TempFile moved = std::move(*file);
    CHECK(moved.path() == file_path);
  }
  CHECK(!std::filesystem::exists(file_path));
  CHECK(!std::filesystem::exists(directory_path));
  CHECK(TempFile::create("/no/such/place").error().code == ErrorCode::kNotFound);
}

TEST_CASE("base/temp_file: a kept file survives, one of a dead process is cleaned") {
  const auto directory = TempDirectory::create(kTmp);
  {
    auto file = TempFile::create(directory->path());
    CHECK(file->keep_as(directory->path() + "/kept").ok());
  }
  CHECK(std::filesystem::exists(directory->path() + "/kept"));

  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  std::ofstream(directory->path() + "/m8-" + std::to_string(child) + "-abcdef") << "stale";
  std::ofstream(directory->path() + "/m8-" + std::to_string(::getpid()) + "-abcdef") << "alive";
  CHECK(remove_stale_temp(directory->path()) == 1);
  CHECK(
      std::filesystem::exists(directory->path() + "/m8-" + std::to_string(::getpid()) + "-abcdef"));
}

TEST_CASE("base/file: a reader that waits for a pipe can be stopped") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Fd writer(ends[1]);
  LineReader reader{Fd(ends[0])};
  REQUIRE(::write(writer.get(), "one\ntw", 6) == 6);
  std::stop_source stop;
  CHECK(**reader.next(stop.get_token()) == "one");
  stop.request_stop();
  const auto stopped = reader.next(stop.get_token());
  REQUIRE(!stopped.ok());
  CHECK(stopped.error().code == ErrorCode::kCancelled);
  REQUIRE(::write(writer.get(), "o\n", 2) == 2);
  CHECK(**reader.next() == "two");
}
