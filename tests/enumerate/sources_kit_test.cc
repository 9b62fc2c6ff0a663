// Names in text, paths into JSON, templates of requests.
#include <doctest/doctest.h>

#include "enumerate/sources/name_scan.h"
#include "enumerate/sources/paths.h"
#include "enumerate/sources/placeholders.h"

using namespace m8;
using namespace m8::enumerate::sources;

namespace {

std::string scanned(std::string_view text, const char* domain = "example.com") {
  std::string names;
  scan_names(text, net::Name::trusted(domain),
             [&](const net::Name& name) { (names += names.empty() ? "" : " ") += name.text(); });
  return names;
}

std::string selected(const char* json, const char* path) {
  return text_at(json::parse(json).value(), path);
}

}  // namespace

TEST_CASE("enumerate/sources/name_scan: names where they are, and nothing but") {
  const struct {
    const char* text;
    const char* names;
  } cases[] = {
      {"www.example.com", "www.example.com"},
      {"WWW.Example.COM.", "www.example.com"},
      {"example.com", ""},
      {"notexample.com www.notexample.com", ""},
      {"www.example.com.evil.test", ""},
      {"www.example.community", ""},
      {"https://a.example.com:8443/x?y=b.example.com#c", "a.example.com b.example.com"},
      {"mailto:me@mail.example.com", "mail.example.com"},
      {"*.dev.example.com, *.example.com", "dev.example.com"},
      {"foo.*.bar.example.com", "bar.example.com"},
      {"..a.example.com", "a.example.com"},
      {"-a.example.com-", "a.example.com"},
      {"a..example.com", ""},
      {"u=https%3A%2F%2Fwww.example.com%2F", "www.example.com"},
      {"u=http%253A%252F%252Fwww.example.com", "www.example.com"},
      {"2fa.example.com 25.example.com", "2fa.example.com 25.example.com"},
      {"\"\\nwww.example.com\\u003cx", "www.example.com"},
      {"\\x41a.example.com", "a.example.com"},
      {"<td>www.example.com</td>", "www.example.com"},
      {"_dmarc.example.com", "_dmarc.example.com"},
      {"b\xc3\xbc\x63her.example.com", "xn--bcher-kva.example.com"},
      {"\xe2\x80\xa2www.example.com", "www.example.com"},
      {"\xff\xfe\x80.example.com", ""},
      {"", ""},
      {"\\", ""},
      {"%", ""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CHECK(scanned(c.text) == c.names);
  }
  const std::string label(64, 'a');
  CHECK(scanned(label + ".example.com") == "");
  CHECK(scanned(std::string(100'000, 'a') + ".example.com") == "");
}

TEST_CASE("enumerate/sources/name_scan: labels") {
  const net::Name domain = net::Name::trusted("example.com");
  CHECK(name_of_label("www", domain).value().text() == "www.example.com");
  CHECK(name_of_label(" *.Dev ", domain).value().text() == "dev.example.com");
  for (const char* label : {"", "*", ".", "a b", "a..b"}) CHECK_FALSE(name_of_label(label, domain));
}

TEST_CASE("enumerate/sources/paths: what stands where") {
  const char* json =
      R"({"a":{"b":[{"c":"1"},{"c":2},{"d":3},7]},"k":{"x":1,"y":[]},"t":true,"n":null})";
  CHECK(selected(json, "a.b[].c") == "1,2");
  CHECK(selected(json, "a.b[-1]") == "7");
  CHECK(selected(json, "a.b[].c|a.b[].d") == "1,2,3");
  CHECK(selected(json, "k{}") == "x,y");
  CHECK(selected(json, "t") == "true");
  CHECK(selected(json, "n") == "");
  CHECK(selected(json, "a.x.y[].z") == "");
  CHECK(selected(json, "a") == "");
  CHECK(selected("[[1,2],[3]]", "[][]") == "1,2,3");
  CHECK(selected("[]", "[-1].id") == "");
  CHECK(selected("\"x\"", "a[].b") == "");
}

TEST_CASE("enumerate/sources/placeholders: encoded as their place asks") {
  Placeholders values;
  values.set("domain", "example.com");
  values.set("key", "a b&c\"d/");
  values.set("cursor", "");
  CHECK(values.target("/x/{key}/y?d={domain}&k={key}&c={cursor}&z=1") ==
        "/x/a%20b%26c%22d%2F/y?d=example.com&k=a%20b%26c%22d%2F&z=1");
  CHECK(values.target("/x?c={cursor}") == "/x");
  CHECK(values.json(R"({"k":"{key}","o":{}})") == R"({"k":"a b&c\"d/","o":{}})");
  CHECK(values.raw("https://{domain}/{unknown}/{") == "https://example.com/{unknown}/{");
  const auto headers = values.headers("A: Bearer {key}\nB: {cursor}\nC: x:y");
  REQUIRE(headers.size() == 2);
  CHECK(headers[0].name == "A");
  CHECK(headers[0].value == "Bearer a b&c\"d/");
  CHECK(headers[1].value == "x:y");
}
