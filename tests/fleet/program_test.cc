#include "fleet/program.h"

#include <csignal>

#include <doctest/doctest.h>

#include "base/clock.h"

using namespace m8;
using namespace std::chrono_literals;
using fleet::ProgramEnd;

namespace {

struct Ran {
  Result<ProgramEnd> end;
  std::vector<std::string> lines;
};

Ran shell(const std::string& script, fleet::ProgramOptions options = {},
          std::stop_token stop = {}) {
  options.program = "/bin/sh";
  options.arguments = {"-c", script};
  Ran ran{ProgramEnd{}, {}};
  ran.end = fleet::run_program(options,
                               {[&](std::string_view line) {
                                  ran.lines.emplace_back(line);
                                  return Status();
                                },
                                {}},
                               SystemClock::instance(), stop);
  return ran;
}

}  // namespace

TEST_CASE("fleet/program: lines come one by one, with or without a last line end") {
  const Ran ran = shell("printf 'one\\ntwo\\n\\nlast'; echo oh >&2; exit 7");
  REQUIRE(ran.end.ok());
  CHECK(ran.lines == std::vector<std::string>{"one", "two", "", "last"});
  CHECK(ran.end->exit_code == 7);
  CHECK(ran.end->last_messages == "oh\n");
  CHECK_FALSE(ran.end->crashed());
}

TEST_CASE("fleet/program: progress is not among what it said") {
  fleet::ProgramOptions options;
  options.program = "/bin/sh";
  options.arguments = {"-c", "echo '{\"elapsed\":1,\"done\":5}' >&2; echo oh >&2"};
  std::vector<std::string> messages, progress;
  fleet::ProgramOutput output;
  output.message = [&](std::string_view line) { messages.emplace_back(line); };
  output.progress = [&](std::string_view line) { progress.emplace_back(line); };
  const auto end = fleet::run_program(options, output, SystemClock::instance(), {});
  REQUIRE(end.ok());
  CHECK(progress == std::vector<std::string>{"{\"elapsed\":1,\"done\":5}"});
  CHECK(messages == std::vector<std::string>{"oh"});
  CHECK(end->last_messages == "oh\n");
}

TEST_CASE("fleet/program: input larger than a pipe comes back whole") {
  fleet::ProgramOptions options;
  for (int i = 0; i < 60'000; ++i) options.input += std::to_string(i) + "\n";
  const Ran ran = shell("cat", options);
  REQUIRE(ran.end.ok());
  CHECK(ran.lines.size() == 60'000);
  CHECK(ran.lines.back() == "59999");
}

TEST_CASE("fleet/program: a program that does not read its input is none the worse") {
  fleet::ProgramOptions options;
  options.input.assign(1 << 20, 'x');
  CHECK(shell("exit 3", options).end->exit_code == 3);
}

TEST_CASE("fleet/program: a crash is told from a failure") {
  const Ran ran = shell("kill -SEGV $$");
  REQUIRE(ran.end.ok());
  CHECK(ran.end->exit_code == 128 + SIGSEGV);
  CHECK(ran.end->crashed());
}

TEST_CASE("fleet/program: the deadline ends what ignores SIGTERM too") {
  fleet::ProgramOptions options;
  options.deadline = 50ms;
  options.grace = 50ms;
  const Ran ran = shell("trap '' TERM; while :; do sleep 0.02; done", options);
  REQUIRE(ran.end.ok());
  CHECK(ran.end->reason == ProgramEnd::Reason::kDeadline);
  CHECK(ran.end->exit_code == 128 + SIGKILL);
  CHECK_FALSE(ran.end->crashed());
}

TEST_CASE("fleet/program: a stop is a SIGTERM, and what is said after it is read") {
  std::stop_source stop;
  fleet::ProgramOptions options;
  options.program = "/bin/sh";
  options.arguments = {"-c",
                       "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.02; done"};
  std::vector<std::string> lines;
  const auto end = fleet::run_program(options,
                                      {[&](std::string_view line) {
                                         lines.emplace_back(line);
                                         stop.request_stop();
                                         return Status();
                                       },
                                       {}},
                                      SystemClock::instance(), stop.get_token());
  REQUIRE(end.ok());
  CHECK(end->reason == ProgramEnd::Reason::kStopped);
  CHECK(end->exit_code == 5);
  CHECK(lines == std::vector<std::string>{"ready", "bye"});
}

TEST_CASE("fleet/program: an error of the reader ends the program") {
  fleet::ProgramOptions options;
  options.program = "/bin/sh";
  options.arguments = {"-c", "echo 1; exec sleep 1000"};
  const auto refuse = [](std::string_view) -> Status { return Error{ErrorCode::kIo, "full"}; };
  const auto end = fleet::run_program(options, {refuse, {}}, SystemClock::instance(), {});
  REQUIRE_FALSE(end.ok());
  CHECK(end.error().message == "full");
}

TEST_CASE("fleet/program: lines, memory and environment are bounded") {
  fleet::ProgramOptions options;
  options.max_line = 100;
  CHECK(shell("printf '%0100d'", options).lines.size() == 1);
  const Ran longer = shell("printf '%0101d'", options);
  REQUIRE_FALSE(longer.end.ok());
  CHECK(longer.end.error().code == ErrorCode::kExhausted);

  fleet::ProgramOptions small;
  small.memory = 64u << 20;
  CHECK(shell("sleep 0.05; head -c 200000000 /dev/zero | tail -c 150000000 | wc -c", small).lines ==
        std::vector<std::string>{"0"});

  fleet::ProgramOptions plain;
  plain.environment = {"A=1"};
  CHECK(shell("echo $A$HOME", plain).lines == std::vector<std::string>{"1"});
}

TEST_CASE("fleet/program: a child of the child does not keep it open") {
  const Ran ran = shell("(sleep 1000 & echo $!) | { read pid; echo $pid; }");
  REQUIRE(ran.end.ok());
  REQUIRE(ran.lines.size() == 1);
  ::kill(std::stoi(ran.lines[0]), SIGKILL);
}

TEST_CASE("fleet/program: what is not there can't be run") {
  fleet::ProgramOptions options;
  options.program = "/no/such/program";
  const auto end = fleet::run_program(options, {}, SystemClock::instance(), {});
  REQUIRE_FALSE(end.ok());
  CHECK(end.error().code == ErrorCode::kNotFound);
  CHECK_FALSE(fleet::sibling_program("no-such").ok());
}

TEST_CASE("fleet/program: one that is to be idle yields, and so does what it starts") {
  fleet::ProgramOptions options;
  const char* script = "cut -d' ' -f41 /proc/self/stat; ionice";
  CHECK(shell("cut -d' ' -f41 /proc/self/stat", options).lines == std::vector<std::string>{"0"});
  options.idle = true;
  CHECK(shell(script, options).lines == std::vector<std::string>{"5", "idle"});
}
