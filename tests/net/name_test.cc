#include "net/name.h"

#include <cstdlib>
#include <fstream>
#include <regex>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::net;

TEST_CASE("net/name: brings names into canonical form or says why not") {
  const std::string label63(63, 'a');
  const std::string name253 = label63 + "." + label63 + "." + label63 + "." + std::string(61, 'b');
  struct Row {
    std::string text;
    std::string canonical;  ///< empty: refused
    std::string reason;
  };
  const Row rows[] = {
      {"example.com", "example.com", ""},
      {"EXAMPLE.Com.", "example.com", ""},
      {"_dmarc.example.com", "_dmarc.example.com", ""},
      {"-odd-.example.com", "-odd-.example.com", ""},
      {"localhost", "localhost", ""},
      {"bücher.example", "xn--bcher-kva.example", ""},
      {"BÜCHER.example", "xn--bcher-kva.example", ""},
      {"faß.de", "xn--fa-hia.de", ""},
      {"例え。テスト", "xn--r8jz45g.xn--zckzah", ""},
      {"xn--bcher-kva.example", "xn--bcher-kva.example", ""},
      {name253, name253, ""},
      {name253 + ".", name253, ""},
      {name253 + "b", "", "over 253 bytes"},
      {label63 + "a.com", "", "label over 63 bytes"},
      {"", "", "empty"},
      {".", "", "empty"},
      {".com", "", "empty label"},
      {"a..b", "", "empty label"},
      {"a.com..", "", "empty label"},
      {"a b.com", "", "bad character"},
      {"a/b.com", "", "bad character"},
      {"*.example.com", "", "bad character"},
      {"a:80", "", "bad character"},
      {std::string("a\0b.com", 7), "", "bad character"},
      {std::string("ü\0b.com", 8), "", "bad character"},
      {"\xff\xfe.com", "", "name '"},
      {std::string(100'000, 'a'), "", "over 253 bytes"},
      {"ü" + std::string(100'000, 'a'), "", "over 253 bytes"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto name = Name::parse(row.text);
    REQUIRE(name.ok() == !row.canonical.empty());
    if (name.ok()) {
      CHECK(name->text() == row.canonical);
    } else {
      CHECK(name.error().code == ErrorCode::kInvalidArgument);
      CHECK(name.error().message.find(row.reason) != std::string::npos);
      CHECK(name.error().message.size() < 200);
    }
  }
}

TEST_CASE("net/name: inside is decided by labels, not by letters") {
  struct Row {
    const char *name, *apex;
    bool inside;
  };
  const Row rows[] = {
      {"example.com", "example.com", true},           {"a.example.com", "example.com", true},
      {"a.b.example.com", "example.com", true},       {"notexample.com", "example.com", false},
      {"example.com.evil.org", "example.com", false}, {"com", "example.com", false},
      {"xample.com", "example.com", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(Name::parse(row.name)->is_inside(*Name::parse(row.apex)) == row.inside);
  }
  CHECK_FALSE(name_is_inside("a.example.com", ""));
}

TEST_CASE("net/name: counts labels and steps up") {
  const auto name = Name::parse("a.b.example.com");
  REQUIRE(name.ok());
  CHECK(name->labels() == 4);
  CHECK(name->parent() == "b.example.com");
  CHECK(Name::parse("com")->parent().empty());
}

TEST_CASE("net/name: splits by the public suffix list") {
  struct Row {
    const char *name, *registrable, *domain, *suffix, *sub;
  };
  const Row rows[] = {
      {"a.b.example.co.uk", "example.co.uk", "example", "co.uk", "a.b"},
      {"a.com", "a.com", "a", "com", ""},
      {"WWW.Example.COM.", "example.com", "example", "com", "www"},
      {"sub.b.example.co.uk", "example.co.uk", "example", "co.uk", "sub.b"},
      {"b.example.example", "example.example", "example", "example", "b"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto split = split_suffix(row.name);
    REQUIRE(split.ok());
    CHECK(split->registrable == row.registrable);
    CHECK(split->domain == row.domain);
    CHECK(split->suffix == row.suffix);
    CHECK(split->sub == row.sub);
  }
  for (const char* none : {"localhost", "com", "co.uk", "1.2.3.4", "::1", "[::1]", "", ".com"}) {
    CAPTURE(none);
    const auto split = split_suffix(none);
    REQUIRE_FALSE(split.ok());
    CHECK(split.error().code == ErrorCode::kNotFound);
  }
}

TEST_CASE("net/name: agrees with the vectors of the public suffix list") {
  const char* folder = std::getenv("M8_TEST_DATA");
  const char* source = std::getenv("M8_SOURCE_DIR");
  const std::string path =
      (folder ? std::string(folder) : std::string(source ? source : ".") + "/../shared/data") +
      "/public_suffix_tests.txt";
  std::ifstream file(path);
  if (!file) {
    MESSAGE("not checked: no " << path);
    return;
  }
  const std::regex row("^checkPublicSuffix\\('(.*)', (null|'(.*)')\\);");
  int rows = 0;
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (!std::regex_search(line, match, row)) continue;
    CAPTURE(line);
    ++rows;
    const auto split = split_suffix(match[1].str());
    CHECK(split.ok() == (match[2] != "null"));
    if (!split.ok() || match[2] == "null") continue;
    CHECK(split->registrable == Name::parse(match[3].str())->text());
  }
  CHECK(rows > 50);
}
