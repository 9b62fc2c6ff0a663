#include "output/stream.h"

#include <csignal>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/temp_file.h"
#include "output/records.h"
#include "output/summary.h"
#include "output/writer.h"

using namespace m8;
using namespace m8::output;

namespace {

TempDirectory make_directory() {
  auto directory = TempDirectory::create("/tmp");
  REQUIRE(directory.ok());
  return std::move(directory).value();
}

struct Pipe {
  Fd reader, writer;
  static Pipe make() {
    std::signal(SIGPIPE, SIG_IGN);
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    return {Fd(fds[0]), Fd(fds[1])};
  }
};

}  // namespace

TEST_CASE("output/stream: after a stop a reader that takes nothing is given up") {
  Pipe pipe = Pipe::make();
  std::stop_source stop;
  Stream stream(std::move(pipe.writer), "stdout", {.stop = stop.get_token()});
  const std::string much(1u << 20, 'x');  // more than a pipe holds
  std::jthread reader([&] { stop.request_stop(); });
  const Status status = stream.write(much);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kTimeout);
  CHECK(status.error().message == "stdout: nobody reads it");
  CHECK(stream.closed());
  CHECK(stream.write("more").ok());
}

TEST_CASE("output/stream: a slow reader gets all that is written") {
  Pipe pipe = Pipe::make();
  const std::string much(1u << 20, 'x');
  std::size_t got = 0;
  std::jthread reader([&, fd = pipe.reader.get()] {
    std::string buffer(1000, ' ');
    while (got < much.size()) {
      const ssize_t size = ::read(fd, buffer.data(), buffer.size());
      if (size <= 0) break;
      got += static_cast<std::size_t>(size);
    }
  });
  Stream stream(std::move(pipe.writer), "stdout");
  CHECK(stream.write(much).ok());
  reader.join();
  CHECK(got == much.size());
}

TEST_CASE(
    "output/stream: an asynchronous file holds all once it is flushed, and tells of a full disk") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/out";
  const auto stream = Stream::create(path, {.asynchronous = true});
  REQUIRE(stream.ok());
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string line = std::to_string(i) + "\n";
    REQUIRE((*stream)->write(line).ok());
    expected += line;
  }
  REQUIRE((*stream)->flush().ok());
  CHECK(read_file(path).value() == expected);
  const auto full = Stream::create("/dev/full", {.asynchronous = true});
  REQUIRE(full.ok());
  (void)(*full)->write("line\n");
  const Status flushed = (*full)->flush();
  REQUIRE_FALSE(flushed.ok());
  CHECK(flushed.error().code == ErrorCode::kExhausted);
  CHECK_FALSE((*full)->flush().ok());
}

TEST_CASE("output/stream: records of several threads stay whole") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/out";
  constexpr int kThreads = 4, kEach = 500;
  const std::string record(300, 'x');
  for (const bool flush_each : {true, false}) {
    auto stream = Stream::create(path, {flush_each, 4096});
    REQUIRE(stream.ok());
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
          for (int i = 0; i < kEach; ++i) (void)(*stream)->write(record + '\n');
        });
      }
    }
    REQUIRE((*stream)->flush().ok());
    auto reader = LineReader::open(path);
    REQUIRE(reader.ok());
    int lines = 0;
    for (;;) {
      const auto line = reader->next();
      REQUIRE(line.ok());
      if (!line->has_value()) break;
      REQUIRE(**line == record);
      ++lines;
    }
    CHECK(lines == kThreads * kEach);
  }
}

TEST_CASE(
    "output/stream: flush_each hands a record on at once, else flush() or a full buffer does") {
  char buffer[64];
  Pipe at_once = Pipe::make();
  Stream streaming(std::move(at_once.writer), "pipe");
  REQUIRE(streaming.write("a\n").ok());
  CHECK(::read(at_once.reader.get(), buffer, sizeof buffer) == 2);

  Pipe later = Pipe::make();
  REQUIRE(::fcntl(later.reader.get(), F_SETFL, O_NONBLOCK) == 0);
  Stream bulk(std::move(later.writer), "pipe", {false, 8});
  REQUIRE(bulk.write("abc\n").ok());
  CHECK(::read(later.reader.get(), buffer, sizeof buffer) == -1);
  REQUIRE(bulk.write("def\n").ok());
  CHECK(::read(later.reader.get(), buffer, sizeof buffer) == 8);
  REQUIRE(bulk.write("g\n").ok());
  REQUIRE(bulk.flush().ok());
  CHECK(::read(later.reader.get(), buffer, sizeof buffer) == 2);
}

TEST_CASE("output/stream: a reader that goes away turns it off quietly") {
  Pipe pipe = Pipe::make();
  Stream stream(std::move(pipe.writer), "stdout");
  REQUIRE(stream.write("a\n").ok());
  CHECK_FALSE(stream.closed());
  pipe.reader.reset();
  CHECK(stream.write("b\n").ok());
  CHECK(stream.closed());
  CHECK(stream.write("c\n").ok());
  CHECK(stream.flush().ok());
}

TEST_CASE("output/stream: a full disk is an error that names the file") {
  auto full = Stream::create("/dev/full");
  REQUIRE(full.ok());
  const Status status = (*full)->write("a\n");
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().code == ErrorCode::kExhausted);
  CHECK(status.error().message == "/dev/full: no space left on device");
  CHECK_FALSE((*full)->closed());
  CHECK_FALSE((*full)->flush().ok());
}

TEST_CASE("output/stream: what a full disk refused stays bounded") {
  auto full = Stream::create("/dev/full", {false, 1000});
  REQUIRE(full.ok());
  const std::string record(100'000, 'x');
  int refused = 0;
  for (int i = 0; i < 100; ++i) refused += (*full)->write(record).ok() ? 0 : 1;
  CHECK(refused == 100);
}

TEST_CASE("output/stream: a non-blocking pipe that is full is waited for") {
  Pipe pipe = Pipe::make();
  REQUIRE(::fcntl(pipe.writer.get(), F_SETFL, O_NONBLOCK) == 0);
  const std::string bytes(1 << 20, 'x');
  std::size_t seen = 0;
  std::jthread reader([&, fd = pipe.reader.get()] {
    std::string buffer(65536, ' ');
    while (seen < bytes.size()) {
      const ssize_t n = ::read(fd, buffer.data(), buffer.size());
      if (n <= 0) return;
      seen += static_cast<std::size_t>(n);
    }
  });
  Stream stream(std::move(pipe.writer), "pipe");
  CHECK(stream.write(bytes).ok());
  reader.join();
  CHECK(seen == bytes.size());
}

TEST_CASE("output/stream: files that can't be made are errors with their path") {
  const TempDirectory directory = make_directory();
  const auto is_directory = Stream::create(directory.path());
  REQUIRE_FALSE(is_directory.ok());
  CHECK(is_directory.error().message.find(directory.path() + ": ") == 0);
  const auto missing = Stream::create(directory.path() + "/no/such");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == ErrorCode::kNotFound);
}

TEST_CASE("output/writer: gives each kind of record to its format and stream") {
  const TempDirectory directory = make_directory();
  const std::string path = directory.path() + "/out";
  {
    auto stream = Stream::create(path);
    auto format = make_format("screen", {});
    REQUIRE(stream.ok());
    REQUIRE(format.ok());
    Writer writer(std::move(format).value(), std::move(stream).value());
    model::Endpoint endpoint;
    endpoint.url = "http://a";
    CHECK(writer.hostname(test::sample_hostname()).ok());
    CHECK(writer.endpoint(endpoint).ok());
    CHECK(writer.finding(test::sample_finding()).ok());
    CHECK(writer.outcome({}).ok());
    CHECK(writer.flush().ok());
    CHECK_FALSE(writer.closed());
  }
  const auto text = read_file(path);
  REQUIRE(text.ok());
  CHECK(text->find("www.example.com\nhttp://a\n[CVE-2021-1:uid] ") == 0);
}

TEST_CASE("output/summary: one record says what ran and what it cost") {
  model::Run run;
  run.command = "num8 scan";
  run.arguments = "-l hosts.txt";
  run.version = "1.0";
  run.status = "done";
  run.started = WallTime(std::chrono::milliseconds(1'700'000'000'000));
  run.ended = run.started + std::chrono::milliseconds(1500);
  run.counts = {{"done", 2}, {"asked", 3}};
  ProcessUsage usage;
  usage.user = std::chrono::milliseconds(250);
  usage.peak_rss_bytes = 1 << 20;
  usage.threads = 4;
  usage.peak_threads = 5;
  CHECK(
      summary_line(run, usage) ==
      R"({"command":"num8 scan","arguments":"-l hosts.txt","version":"1.0","status":"done",)"
      R"("started":"2023-11-14T22:13:20.000Z","ended":"2023-11-14T22:13:21.500Z",)"
      R"("wall_seconds":1.5,"user_seconds":0.25,"system_seconds":0,"peak_rss_bytes":1048576,)"
      R"("threads":4,"peak_threads":5,"open_files":0,"resident_bytes":0,"counts":{"asked":3,"done":2}})"
      "\n");
}
