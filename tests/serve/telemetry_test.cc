#include "serve/telemetry.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/temp_file.h"
#include "metrics/snapshot.h"
#include "net/socket_local.h"

using namespace m8;
using serve::Telemetry;

namespace {

TempDirectory directory() {
  auto made = TempDirectory::create("/tmp");
  REQUIRE(made.ok());
  return std::move(*made);
}

Telemetry::Options options() {
  Telemetry::Options options;
  options.program = "test";
  options.command = "run";
  return options;
}

std::string read_all(int fd) {
  std::string text;
  char block[4096];
  for (ssize_t n; (n = ::read(fd, block, sizeof block)) > 0;)
    text.append(block, static_cast<std::size_t>(n));
  return text;
}

}  // namespace

TEST_CASE("telemetry: the file holds what was counted, at once and at the end") {
  const auto place = directory();
  auto wanted = options();
  wanted.file = place.path() + "/m8.prom";
  auto telemetry = Telemetry::start(wanted, SystemClock::instance());
  REQUIRE(telemetry.ok());
  CHECK(read_file(wanted.file).ok());
  metrics::Registry::process().counter(metrics::kFindings).add(5);
  REQUIRE((*telemetry)->end().ok());
  const auto read = metrics::Snapshot::parse(read_file(wanted.file).value_or(""), WallTime{});
  REQUIRE(read.ok());
  CHECK(read->sum("m8_findings_total") >= 5);
  CHECK(read->sum("m8_build_info", {{"program", "test"}}) == 1);
}

TEST_CASE("telemetry: the socket tells whoever connects, and goes at the end") {
  const auto place = directory();
  auto wanted = options();
  wanted.socket_directory = place.path() + "/sockets";
  const std::string path = wanted.socket_directory + "/" + std::to_string(::getpid()) + ".sock";
  {
    auto telemetry = Telemetry::start(wanted, SystemClock::instance());
    REQUIRE(telemetry.ok());
    for (int i = 0; i < 2; ++i) {
      const auto socket = net::local_connect(path, 5);
      REQUIRE(socket.ok());
      const auto said = json::parse(read_all(socket->get()));
      REQUIRE(said.ok());
      CHECK(said->string_at("command") == "run");
      CHECK(said->find("pid")->as_int() == ::getpid());
      CHECK(said->find("metrics")->find("process_open_fds") != nullptr);
    }
  }
  CHECK(net::local_connect(path, 1).error().code == ErrorCode::kNotFound);
}

TEST_CASE("telemetry: no socket where others may look") {
  const auto place = directory();
  auto wanted = options();
  wanted.socket_directory = place.path() + "/open";
  REQUIRE(::mkdir(wanted.socket_directory.c_str(), 0755) == 0);
  const auto telemetry = Telemetry::start(wanted, SystemClock::instance());
  REQUIRE(telemetry.ok());
  CHECK_FALSE(
      net::local_connect(wanted.socket_directory + "/" + std::to_string(::getpid()) + ".sock", 1)
          .ok());
}

TEST_CASE("telemetry: where it can't listen or write") {
  auto wanted = options();
  wanted.listen = "nowhere";
  CHECK(Telemetry::start(wanted, SystemClock::instance()).error().code ==
        ErrorCode::kInvalidArgument);
  wanted.listen.clear();
  wanted.file = "/nonexistent/m8.prom";
  CHECK_FALSE(Telemetry::start(wanted, SystemClock::instance()).ok());
  wanted.file.clear();
  wanted.listen = "0";
  const auto first = Telemetry::start(wanted, SystemClock::instance());
  REQUIRE(first.ok());
  CHECK((*first)->address().ip.is_loopback());
  wanted.listen = (*first)->address().to_string();
  CHECK(Telemetry::start(wanted, SystemClock::instance()).error().code == ErrorCode::kExists);
}
