#include "base/subprocess.h"

#include <csignal>

#include <doctest/doctest.h>

#include "base/file.h"
#include "base/temp_file.h"

using namespace m8;
using namespace std::chrono_literals;

namespace {

Clock& clock_() { return SystemClock::instance(); }

ChildOptions shell(const std::string& script) { return {{"/bin/sh", "-c", script}, {}, {}, {}}; }

}  // namespace

TEST_CASE("base/subprocess: reports the exit code or the signal") {
  const struct {
    const char* script;
    int code;
  } table[] = {{"exit 0", 0}, {"exit 7", 7}, {"kill -9 $$", 137}};
  for (const auto& row : table) {
    CAPTURE(row.script);
    const auto usage = run_child(shell(row.script), 10s, clock_());
    REQUIRE(usage.ok());
    CHECK(usage->exit_code == row.code);
  }
}

TEST_CASE("base/subprocess: redirects input and output") {
  const auto directory = TempDirectory::create("/tmp");
  REQUIRE(directory.ok());
  const std::string in = directory->path() + "/in", out = directory->path() + "/out";
  REQUIRE(write_file_atomically(in, "hello\n").ok());
  auto options = shell("tr a-z A-Z");
  options.input = ChildStream::file(in);
  options.output = ChildStream::file(out);
  REQUIRE(run_child(options, 10s, clock_()).ok());
  CHECK(read_file(out).value_or("") == "HELLO\n");
}

TEST_CASE("base/subprocess: measures CPU, memory and threads") {
  const auto usage =
      run_child(shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"), 30s, clock_());
  REQUIRE(usage.ok());
  CHECK(usage->cpu() > 0us);
  CHECK(usage->wall >= usage->user / 2);
  CHECK(usage->peak_rss_bytes > 100 << 10);
  CHECK(usage->max_threads >= 1);
}

TEST_CASE("base/subprocess: the memory of a child is its own, not ours") {
  const std::string ours(64 << 20, 'm');
  const auto usage = run_child(shell("sleep 0.1"), 30s, clock_());
  REQUIRE(usage.ok());
  REQUIRE(ours.back() == 'm');
  CHECK(usage->peak_rss_bytes > 100 << 10);
  CHECK(usage->peak_rss_bytes < 32 << 20);
}

TEST_CASE("base/subprocess: a program that is not there is named") {
  const auto child = Child::start({{"/nonexistent/program"}, {}, {}, {}}, clock_());
  REQUIRE(!child.ok());
  CHECK(child.error().code == ErrorCode::kNotFound);
  CHECK(child.error().message.find("/nonexistent/program") != std::string::npos);
}

TEST_CASE("base/subprocess: a timeout leaves it running, the guard kills it") {
  pid_t pid = 0;
  {
    auto child = Child::start(shell("exec sleep 60"), clock_());
    REQUIRE(child.ok());
    pid = child->pid();
    const auto usage = child->wait(20ms);
    REQUIRE(!usage.ok());
    CHECK(usage.error().code == ErrorCode::kTimeout);
    CHECK(child->running());
  }
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("base/subprocess: stop is SIGTERM first") {
  auto child =
      Child::start(shell("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done"), clock_());
  REQUIRE(child.ok());
  // The trap may not be set yet: SIGTERM then ends it, and both are an orderly end.
  const auto usage = child->stop(10s);
  REQUIRE(usage.ok());
  CHECK((usage->exit_code == 5 || usage->exit_code == 128 + SIGTERM));
}

TEST_CASE("base/subprocess: find_program searches a path list") {
  CHECK(find_program("sh", "/nonexistent::/bin:/usr/bin").value_or("") == "/bin/sh");
  CHECK(find_program("/bin/sh", "").value_or("") == "/bin/sh");
  CHECK(!find_program("no-such-program", "/bin:/usr/bin").ok());
  CHECK(!find_program("bin/no-such-program", "/bin").ok());
}
