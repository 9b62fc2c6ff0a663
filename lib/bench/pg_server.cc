#include "bench/pg_server.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <random>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "base/file.h"
#include "net/socket.h"
#include "store/pg_connection.h"

namespace m8::bench {
namespace {

constexpr auto kTimeout = std::chrono::seconds(60);

/// \p command as a user that PostgreSQL takes. setpriv asks for the signal anew: changing the user
/// makes the kernel forget it.
std::vector<std::string> as_postgres(std::vector<std::string> command) {
  if (::geteuid() != 0) return command;
  std::vector<std::string> prefix = {"setpriv",        "--reuid=postgres", "--regid=postgres",
                                     "--clear-groups", "--pdeathsig",      "INT"};
  command.insert(command.begin(), prefix.begin(), prefix.end());
  return command;
}

/// A directory that the server's user may write to, for nobody else.
Result<std::string> make_home(const Context& context) {
  namespace fs = std::filesystem;
  const std::string home = context.temp_directory + "/postgres";
  std::error_code error;
  fs::create_directory(home, error);
  if (!error && ::geteuid() == 0) {
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr)
      return Error{ErrorCode::kNotFound, "no user postgres: apt install postgresql"};
    fs::permissions(context.temp_directory, fs::perms::owner_all | fs::perms::others_exec, error);
    if (::chown(home.c_str(), user->pw_uid, user->pw_gid) != 0) return errno_error(home, errno);
  }
  if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", home, error.message())};
  return home;
}

std::string random_password() {
  std::random_device source;
  return fmt::format("{:08x}{:08x}{:08x}", source(), source(), source());
}

Result<int> free_port() {
  const Fd fd = M8_TRY(net::tcp_listen({net::IpAddress::v4(0x7f000001), 0}));
  const auto address = M8_TRY(net::local_address(fd.get()));
  return static_cast<int>(address.port);
}

Status make_database(const Context& context, const std::string& bin, const std::string& home,
                     const std::string& password) {
  const std::string secret = home + "/password";
  M8_TRY(write_file_atomically(secret, password + "\n"));
  std::error_code ignored;
  std::filesystem::permissions(secret, std::filesystem::perms(0644), ignored);  // home is 0700
  const auto command =
      as_postgres({bin + "/initdb", "-D", home + "/data", "-U", "m8", "-A", "scram-sha-256",
                   "--pwfile=" + secret, "-E", "UTF8", "--locale=C.UTF-8"});
  const std::string log = context.temp_directory + "/initdb.log";
  M8_TRY(run_checked(context, {command, {}, {}, ChildStream::file(log)}, kTimeout));
  return {};
}

Status wait_until_up(const Context& context, const std::string& url, const Child& server) {
  for (const auto end = context.clock.now() + kTimeout;;) {
    auto opened = store::PgConnection::open({url});
    if (opened.ok()) return {};
    if (!server.running() || context.clock.now() > end) return opened.error();
    const auto next = context.clock.now() + std::chrono::milliseconds(100);
    if (!context.clock.sleep_until(next, context.stop))
      return Error{ErrorCode::kCancelled, "stopped"};
  }
}

}  // namespace

Result<std::string> postgres_programs() {
  std::string best;
  int newest = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", error)) {
    const int version = std::atoi(entry.path().filename().c_str());
    if (version <= newest || !std::filesystem::exists(entry.path() / "bin" / "postgres")) continue;
    newest = version;
    best = entry.path() / "bin";
  }
  if (newest > 0) return best;
  return Error{ErrorCode::kNotFound, "no PostgreSQL server here: apt install postgresql"};
}

Result<PgServer> PgServer::start(const Context& context) {
  const std::string bin = M8_TRY(postgres_programs());
  const std::string home = M8_TRY(make_home(context));
  const std::string password = random_password();
  context.progress("starting PostgreSQL");
  M8_TRY(make_database(context, bin, home, password));
  const int port = M8_TRY(free_port());
  const auto command = as_postgres({bin + "/postgres", "-D", home + "/data", "-h", "127.0.0.1",
                                    "-p", std::to_string(port), "-k", home});
  const std::string log = context.temp_directory + "/postgres.log";
  Child child = M8_TRY(
      Child::start({command, {}, ChildStream::file(log), ChildStream::file(log)}, context.clock));
  std::string url = fmt::format("postgresql://m8:{}@127.0.0.1:{}/postgres", password, port);
  M8_TRY(wait_until_up(context, url, child));
  return PgServer(std::move(child), std::move(url));
}

Status PgServer::stop() {
  child_.signal(SIGINT);  // "fast": SIGTERM would wait for those who are connected
  M8_TRY(child_.wait(kTimeout));
  return {};
}

}  // namespace m8::bench
