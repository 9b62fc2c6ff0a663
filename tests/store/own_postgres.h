// A PostgreSQL server that a test may kill, fill up and restart. One for the whole test program.
#pragma once

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/subprocess.h"
#include "base/temp_file.h"
#include "net/socket.h"
#include "store/pg_server.h"
#include "store/records.h"

namespace m8::test {

class OwnPostgres {
 public:
  /// Running. Its programs are where Debian's package puts them.
  static OwnPostgres& instance() {
    static OwnPostgres server;
    // The port was free when it was chosen: somebody else may be faster.
    for (int attempt = 0; !server.child_ && attempt < 3; ++attempt) {
      server.choose_port();
      if (!server.try_start()) server.end_with(SIGQUIT);
    }
    REQUIRE(server.child_);
    return server;
  }
  static bool installed() { return !programs().empty(); }

  /// \p options: what follows the "?" of the URL.
  std::string url(const std::string& options = {}, const std::string& password = "m8") const {
    return fmt::format("postgresql://m8:{}@127.0.0.1:{}/postgres{}{}", password, port_,
                       options.empty() ? "" : "?", options);
  }
  /// A schema of its own, gone with the server.
  std::string empty_url(const std::string& more_options = {}) {
    const std::string schema = fmt::format("own_{}", ++schemas_);
    PgServer::execute(url(), "CREATE SCHEMA " + schema);
    return url("options=-csearch_path%3D" + schema + more_options);
  }

  void start() { REQUIRE(try_start()); }
  /// As a crash: nothing is written any more.
  void kill() { end_with(SIGQUIT); }
  void restart() {
    end_with(SIGINT);
    start();
  }
  /// A directory that the server may write to.
  std::string directory(const std::string& name) {
    const std::string path = home_ + "/" + name;
    std::filesystem::create_directory(path);
    give_away(path);
    return path;
  }
  static void give_away(const std::string& path) {
    if (::geteuid() != 0) return;
    const passwd* user = ::getpwnam("postgres");
    REQUIRE(user != nullptr);
    REQUIRE(::chown(path.c_str(), user->pw_uid, user->pw_gid) == 0);
  }

 private:
  OwnPostgres() {
    std::filesystem::permissions(directory_.path(), std::filesystem::perms(0711));
    std::filesystem::create_directory(home_);
    give_away(home_);
    std::ofstream(home_ + "/password") << "m8\n";
    const std::string log = directory_.path() + "/initdb";
    const auto made =
        run_child({as_postgres({programs() + "/initdb", "-D", home_ + "/data", "-U", "m8", "-A",
                                "scram-sha-256", "--pwfile=" + home_ + "/password", "-E", "UTF8",
                                "--locale=C.UTF-8", "--no-sync"}),
                   {},
                   ChildStream::file(log),
                   ChildStream::file(log)},
                  std::chrono::seconds(60), SystemClock::instance());
    REQUIRE(made.ok());
    REQUIRE(made->exit_code == 0);
  }
  ~OwnPostgres() {
    if (child_) end_with(SIGQUIT);
  }

  void choose_port() {
    const auto socket = net::tcp_listen({net::IpAddress::v4(0x7f000001), 0});
    REQUIRE(socket.ok());
    port_ = net::local_address(socket->get())->port;
  }
  bool try_start() {
    const std::string log = directory_.path() + "/log";
    auto child = Child::start(
        {as_postgres({programs() + "/postgres", "-D", home_ + "/data", "-h", "127.0.0.1", "-p",
                      std::to_string(port_), "-k", "", "-c", "max_connections=20"}),
         {},
         ChildStream::file(log),
         ChildStream::file(log)},
        SystemClock::instance());
    REQUIRE(child.ok());
    child_ = std::move(child).value();
    const auto end = SystemClock::instance().now() + std::chrono::seconds(20);
    while (SystemClock::instance().now() < end) {
      if (store::PgConnection::open({url()}).ok()) return true;
      ::usleep(20'000);
    }
    const auto said = read_file(log, 64 << 10);
    MESSAGE("PostgreSQL does not start: " << (said.ok() ? *said : said.error().message));
    return false;
  }
  void end_with(int signal) {
    child_->signal(signal);
    (void)child_->wait(std::chrono::seconds(30));
    child_.reset();
  }

  static std::string programs() {
    std::string best;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
      if (std::filesystem::exists(entry.path() / "bin" / "postgres"))
        best = std::max(best, (entry.path() / "bin").string());
    }
    return best;
  }

  /// PostgreSQL refuses to be root. setpriv asks for the signal anew: changing the user makes the
  /// kernel forget it.
  static std::vector<std::string> as_postgres(std::vector<std::string> command) {
    if (::geteuid() != 0) return command;
    const std::vector<std::string> prefix = {
        "setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig", "QUIT"};
    command.insert(command.begin(), prefix.begin(), prefix.end());
    return command;
  }

  TempDirectory directory_ = make_directory();
  const std::string home_ = directory_.path() + "/postgres";
  int port_ = 0;
  int schemas_ = 0;
  std::optional<Child> child_;
};

}  // namespace m8::test
