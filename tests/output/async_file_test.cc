#include "output/async_file.h"

#include <atomic>
#include <future>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/guarded.h"
#include "base/temp_file.h"

using namespace m8;
using namespace m8::output;

namespace {

struct Folder {
  TempDirectory temp = TempDirectory::create("/tmp").value();
  std::string path(const std::string& name) const { return temp.path() + "/" + name; }
};

/// A pipe that is full: a disk that takes its time.
struct SlowFile {
  SlowFile() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read_end = Fd(ends[0]);
    const std::string block(4096, 'x');
    REQUIRE(::fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    while (::write(ends[1], block.data(), block.size()) > 0) filled += block.size();
    REQUIRE(::fcntl(ends[1], F_SETFL, 0) == 0);
    file = AsyncFileWriter::adopt(Fd(ends[1]), "slow");
  }
  /// Takes what filled it.
  void let_go() {
    std::string buffer(filled, ' ');
    for (std::size_t left = filled; left > 0;) {
      const ssize_t got = ::read(read_end.get(), buffer.data(), left);
      REQUIRE(got > 0);
      left -= static_cast<std::size_t>(got);
    }
  }
  Fd read_end;
  std::size_t filled = 0;
  std::shared_ptr<AsyncFileWriter::File> file;
};

}  // namespace

TEST_CASE("output/async_file: writes in order, mode 0644, and tells of each request") {
  const Folder folder;
  std::string expected;
  std::atomic<int> told{0};
  {
    AsyncFileWriter writer;
    const auto file = AsyncFileWriter::create(folder.path("out"));
    REQUIRE(file.ok());
    for (int i = 0; i < 1000; ++i) {
      const std::string line = std::to_string(i) + "\n";
      expected += line;
      REQUIRE(
          writer.write(*file, line, [&](const Status& status) { told += status.ok() ? 1 : 0; }));
    }
  }  // drains
  CHECK(told == 1000);
  CHECK(read_file(folder.path("out")).value() == expected);
  struct stat about {};
  REQUIRE(::stat(folder.path("out").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777 & ~0644) == 0);
}

TEST_CASE("output/async_file: the queue is bounded, and a slow file keeps only it waiting") {
  SlowFile slow;
  AsyncFileWriter writer;
  std::string line = "late\n";
  REQUIRE(writer.write(slow.file, line));  // the thread takes it and is held up
  // The thread may still be on its way to the first one: then there is room once more.
  for (std::size_t taken = 0; taken < AsyncFileWriter::kQueue;) {
    std::string more = line;
    if (writer.try_write(slow.file, more)) {
      ++taken;
    } else {
      std::this_thread::yield();
    }
  }
  std::string more = line;
  CHECK_FALSE(writer.try_write(slow.file, more));
  CHECK(more == line);
  std::stop_source stop;
  stop.request_stop();
  CHECK_FALSE(writer.write(slow.file, line, {}, stop.get_token()));
  slow.let_go();
  CHECK(writer.drain(slow.file).ok());
}

TEST_CASE("output/async_file: a full disk is told to each request, kept, and tried again") {
  // /dev/full takes nothing, as a disk without space.
  AsyncFileWriter writer;
  const auto full = AsyncFileWriter::adopt(Fd(::open("/dev/full", O_WRONLY | O_CLOEXEC)), "full");
  Guarded<std::vector<std::string>> said;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(writer.write(full, "line\n", [&](const Status& status) {
      said.lock()->push_back(status.ok() ? "ok" : status.error().message);
    }));
  }
  const Status drained = writer.drain(full);
  REQUIRE_FALSE(drained.ok());
  CHECK(drained.error().code == ErrorCode::kExhausted);
  CHECK(said.lock()->size() == 3);
  CHECK(said.lock()->front().find("full: ") == 0);
}

TEST_CASE("output/async_file: what can't be created says why; after close() nothing is taken") {
  const auto missing = AsyncFileWriter::create("/nowhere/at/all");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == ErrorCode::kNotFound);
  const Folder folder;
  AsyncFileWriter writer;
  const auto file = AsyncFileWriter::create(folder.path("out"));
  REQUIRE(file.ok());
  writer.close();
  CHECK_FALSE(writer.write(*file, "x"));
  CHECK(writer.drain(*file).error().code == ErrorCode::kCancelled);
}
