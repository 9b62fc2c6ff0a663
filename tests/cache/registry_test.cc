#include "cache/registry.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::cache;

TEST_CASE("cache/registry: a URL means a backend") {
  Clock& clock = SystemClock::instance();
  CHECK(open_backend("", {}, clock).value()->name() == "memory");
  CHECK(open_backend("memory:", {}, clock).value()->name() == "memory");
}

TEST_CASE("cache/registry: refuses with one line that repeats no password") {
  for (const char* url : {"rediss://u:s3cret@h:1", "memcached://u:s3cret@h", "s3cret"}) {
    CAPTURE(url);
    const auto opened = open_backend(url, {}, SystemClock::instance());
    REQUIRE(!opened.ok());
    CHECK(opened.error().code == ErrorCode::kInvalidArgument);
    CHECK(opened.error().message.find('\n') == std::string::npos);
    if (std::string_view(url).find(':') != std::string_view::npos)
      CHECK(opened.error().message.find("s3cret") == std::string::npos);
  }
}
