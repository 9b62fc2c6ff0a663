// Cookie::parse and a jar on any Set-Cookie line: what is kept is a token, and is bounded.
#include <cstdint>
#include <cstdlib>

#include "http/cookie_jar.h"
#include "http/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string line(reinterpret_cast<const char*>(data), size);
  const m8::WallTime now{std::chrono::seconds(1'700'000'000)};
  const auto cookie = m8::http::Cookie::parse(line, now);
  if (!cookie) return 0;
  if (!m8::http::is_token(cookie->name) || cookie->value.size() > size) std::abort();
  m8::FakeClock clock;
  m8::http::CookieJar jar(clock);
  m8::net::Url url;
  url.scheme = "https";
  url.host = "www.example.com";
  url.path = "/a/b";
  jar.store(url, {{"Set-Cookie", line}});
  if (jar.size() > 1) std::abort();
  (void)m8::http::merge_cookies(line, jar.header_for(url));
  return 0;
}
