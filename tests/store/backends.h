// The backends that a contract is checked with. One joins by a line in kBackends.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/pg_server.h"
#include "store/records.h"

namespace m8::test {

struct Backend {
  const char* name;
  /// URL of an empty database; \p directory lives as long as the test.
  std::string (*empty_url)(const TempDirectory& directory);
};

inline constexpr Backend kBackends[] = {
    {"sqlite",
     [](const TempDirectory& directory) { return "sqlite:" + directory.path() + "/test.db"; }},
    {"postgresql", [](const TempDirectory&) { return PgServer().empty_url(); }},
};

/// Runs \p test on an empty store of each backend; reopen() opens the same database once more.
inline void on_each_backend(
    const std::function<void(store::Store&, const std::function<std::unique_ptr<store::Store>()>&)>&
        test,
    const store::OpenOptions& options = {}) {
  for (const Backend& backend : kBackends) {
    CAPTURE(std::string(backend.name));
    if (std::string_view(backend.name) == "postgresql" && !PgServer().known()) {
      MESSAGE("not checked with PostgreSQL: M8_TEST_POSTGRES is not set");
      continue;
    }
    const TempDirectory directory = make_directory();
    const std::string url = backend.empty_url(directory);
    const auto opened = open_ok(url, options);
    test(*opened, [&] { return open_ok(url, options); });
    if (backend.name == std::string_view("postgresql")) PgServer().drop(url);
  }
}

}  // namespace m8::test
