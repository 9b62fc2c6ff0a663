#include "protocols/http_digest.h"

#include <doctest/doctest.h>

namespace m8::protocols {
namespace {

using Headers = std::vector<http::Header>;

// The example of RFC 7616 3.9.1, with each algorithm.
constexpr const char* kMd5 =
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, "
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
constexpr const char* kSha256 =
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";

std::string answer(const Headers& headers) {
  return answer_digest(headers, {"Mufasa", "Circle of Life"},
                       {"GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"})
      .value_or("none");
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the examples of RFC 7616") {
  const std::string md5 = answer({{"WWW-Authenticate", kMd5}});
  CHECK(has(md5, "response=\"8ca523f5e9506fed4657c9700eebdbec\""));
  CHECK(has(md5, "qop=auth, nc=00000001"));
  CHECK(has(md5, "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
  const std::string sha = answer({{"WWW-Authenticate", kSha256}});
  CHECK(has(sha, "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
}

TEST_CASE("the first challenge that can be answered is") {
  CHECK(answer({}) == "none");
  CHECK(answer({{"WWW-Authenticate", "Basic realm=x"}}) == "none");
  CHECK(answer({{"WWW-Authenticate", "Digest realm=x, nonce=y, algorithm=SHA-512-256"}}) == "none");
  CHECK(answer({{"WWW-Authenticate", "Digest realm=x, nonce=y, qop=\"auth-int\""}}) == "none");
  const Headers two = {{"WWW-Authenticate", "Basic realm=x"}, {"www-authenticate", kMd5}};
  CHECK(has(answer(two), "8ca523f5e9506fed4657c9700eebdbec"));
}

TEST_CASE("without qop as in RFC 2069") {
  const std::string text = answer({{"WWW-Authenticate", "digest realm=\"a\\\"b\", nonce=n"}});
  CHECK(has(text, "nonce=\"n\""));
  CHECK_FALSE(has(text, "qop"));
}

TEST_CASE("rubbish ends") {
  for (const char* text : {"Digest ", "Digest =", "Digest realm=\"", "Digest ,,,", "Digest a"}) {
    CAPTURE(text);
    CHECK(answer({{"WWW-Authenticate", text}}) != "");
  }
}

}  // namespace
}  // namespace m8::protocols
