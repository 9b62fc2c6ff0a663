#include "cli/progress.h"

#include <condition_variable>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"

namespace m8::cli {
namespace {

TEST_CASE("cli/progress: the line shows exact numbers and what is left") {
  const std::vector<std::tuple<ProgressNumbers, double, std::string>> table = {
      {{12, 400, 7, 1}, 5.0, "12/400 names (3%)  5/s  found 7  errors 1  eta 1m18s"},
      {{12, 0, 7, 0}, 5.0, "12 names  5/s  found 7"},
      {{400, 400, 0, 0}, 5.0, "400/400 names (100%)  5/s  found 0  eta 0s"},
      {{0, 36001, 0, 0}, 1.0, "0/36001 names (0%)  1/s  found 0  eta 10h00m"},
      {{1, 2, 0, 0}, 0.0, "1/2 names (50%)  0/s  found 0"},
  };
  for (const auto& [numbers, rate, expected] : table) {
    CHECK(progress_line(numbers, "names", rate) == expected);
  }
}

TEST_CASE("cli/progress: JSON has null for what is not known") {
  ProcessUsage usage;
  usage.threads = 6;
  usage.resident_bytes = 1000;
  usage.open_files = 80;
  CHECK(progress_json({12, 400, 7, 1, 25}, 5600.04, std::chrono::milliseconds(1500), usage) ==
        R"({"elapsed":1.5,"done":12,"total":400,"rate":5600,"found":7,"errors":1,"eta":1,)"
        R"("tasks":25,"threads":6,"resident_bytes":1000,"open_files":80})");
  CHECK(progress_json({12, 0, 0, 0}, 2, std::chrono::seconds(2), {}) ==
        R"({"elapsed":2,"done":12,"total":null,"rate":2,"found":0,"errors":0,"eta":null,)"
        R"("tasks":0,"threads":0,"resident_bytes":0,"open_files":0})");
}

/// Reads what a Progress wrote into a pipe.
std::string drain(int fd) {
  std::string text(1 << 20, '\0');
  const auto n = ::read(fd, text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

struct Pipe {
  Pipe() {
    int fds[2] = {-1, -1};
    REQUIRE(::pipe2(fds, O_NONBLOCK | O_CLOEXEC) == 0);
    read = Fd(fds[0]);
    write = Fd(fds[1]);
  }
  Fd read, write;
};

TEST_CASE("cli/progress: the last JSON line has the final numbers") {
  Pipe pipe;
  {
    Progress progress(
        ProgressMode::kJson, "names",
        [] {
          return ProgressNumbers{9, 9, 2, 0};
        },
        SystemClock::instance(), pipe.write.get());
  }
  const std::string text = drain(pipe.read.get());
  REQUIRE_FALSE(text.empty());
  const auto last = json::parse(text.substr(0, text.find('\n')));
  REQUIRE(last.ok());
  CHECK(last->find("done")->as_int() == 9);
}

TEST_CASE("cli/progress: quiet writes nothing, a line is wiped at the end and around results") {
  Pipe pipe;
  {
    Progress none(
        ProgressMode::kNone, "names", [] { return ProgressNumbers{}; }, SystemClock::instance(),
        pipe.write.get());
  }
  CHECK(drain(pipe.read.get()).empty());
  std::mutex mutex;
  std::condition_variable changed;
  int asked = 0;
  {
    Progress line(
        ProgressMode::kLine, "names",
        [&] {
          std::lock_guard lock(mutex);
          ++asked;
          changed.notify_all();
          return ProgressNumbers{static_cast<std::uint64_t>(asked), 0, 0, 0};
        },
        SystemClock::instance(), pipe.write.get());
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(10), [&] { return asked >= 2; }));
  }
  const std::string text = drain(pipe.read.get());
  CHECK(text.find("\r\x1b[K1 names") == 0);
  CHECK(text.substr(text.size() - 4) == "\r\x1b[K");
}

}  // namespace
}  // namespace m8::cli
