#include "net/shown_url.h"

#include <doctest/doctest.h>

using namespace m8;

TEST_CASE("net/shown_url: a URL is shown without user, password and query") {
  const char* const cases[][2] = {
      {"redis://u:p@h:1/2", "redis://h:1/2"},
      {"redis://:p%40@h/?x=p", "redis://h/"},
      {"redis://h/a@b", "redis://h/a@b"},
      {"unix:/run/r.sock", "unix:/run/r.sock"},
      {"redis://a@b@h:1", "redis://h:1"},
      {"amqp://user:p%40ss@host:5672/v?x=1", "amqp://host:5672/v"},
      {"sqlite:/data/a@b.db", "sqlite:/data/a@b.db"},
      {"postgresql://u:se@cret@db:5432/m8?password=x", "postgresql://db:5432/m8"},
      {"postgres://db/m8", "postgres://db/m8"},
  };
  for (const auto& [url, shown] : cases) CHECK(net::shown_url(url) == shown);
}
