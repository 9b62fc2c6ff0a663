// The PostgreSQL server that tests/run.sh started: databases without anything in them.
#pragma once

#include <atomic>
#include <cstdlib>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include "store/pg_connection.h"

namespace m8::test {

class PgServer {
 public:
  /// Of M8_TEST_POSTGRES. In CI it must be set.
  PgServer() {
    const char* url = std::getenv("M8_TEST_POSTGRES");
    url_ = url ? url : "";
    const char* ci = std::getenv("CI");
    if (url_.empty() && ci && std::string_view(ci) == "true")
      FAIL("M8_TEST_POSTGRES is not set: tests/run.sh sets it");
  }
  bool known() const { return !url_.empty(); }
  const std::string& url() const { return url_; }

  /// A connection beside the store's.
  static std::unique_ptr<store::PgConnection> connect(const std::string& url) {
    auto opened = store::PgConnection::open({url});
    if (!opened.ok()) FAIL(opened.error().message);
    return std::move(opened).value();
  }

  static void execute(const std::string& url, const std::string& sql) {
    const auto done = connect(url)->execute(sql);
    if (!done.ok()) FAIL(done.error().message);
  }

  /// URL of a schema of its own; drop() it.
  std::string empty_url() const {
    static std::atomic<int> count{0};
    const std::string schema = fmt::format("test_{}_{}", ::getpid(), ++count);
    execute(url_, "CREATE SCHEMA " + schema);
    return fmt::format("{}?options=-csearch_path%3D{}", url_, schema);
  }
  void drop(const std::string& empty_url) const {
    const std::string schema = empty_url.substr(empty_url.rfind("test_"));
    execute(url_, fmt::format("DROP SCHEMA {} CASCADE", schema));
  }

 private:
  std::string url_;
};

}  // namespace m8::test
