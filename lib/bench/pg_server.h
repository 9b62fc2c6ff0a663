/// PgServer: a PostgreSQL server of our own for a benchmark, in the run's temporary directory, on a
/// free loopback port. Settings are the distribution's: fsync and synchronous_commit are on.
#pragma once

#include <string>

#include "base/subprocess.h"
#include "bench/bench.h"

namespace m8::bench {

class PgServer {
 public:
  /// kNotFound if PostgreSQL is not installed. As root the server runs as the user postgres, which
  /// its package makes: it refuses to be root.
  static Result<PgServer> start(const Context& context);

  /// "postgresql://m8:...@127.0.0.1:port/postgres"
  const std::string& url() const { return url_; }
  /// Disconnects everybody and waits for the end.
  Status stop();

 private:
  PgServer(Child child, std::string url) : child_(std::move(child)), url_(std::move(url)) {}
  Child child_;
  std::string url_;
};

/// The newest directory of PostgreSQL's programs (Debian keeps those of the server out of PATH).
/// kNotFound.
Result<std::string> postgres_programs();

}  // namespace m8::bench
