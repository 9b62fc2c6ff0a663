#include "match/markup.h"

#include <doctest/doctest.h>

namespace m8::match {
namespace {

using Texts = std::vector<std::string>;

Texts select(std::string_view document, const std::string& xpath,
             const std::string& attribute = {}) {
  const auto markup = Markup::parse(document);
  REQUIRE(markup);
  const auto found = markup->select(xpath, attribute);
  REQUIRE_MESSAGE(found.ok(), xpath);
  return *found;
}

TEST_CASE("html is mended, names are lower case, nodes come in order") {
  constexpr std::string_view kPage =
      "<HTML><BODY><p>one<p>two <b>bold</b><A HREF='/x?a=1&b=2'>go</a>";
  CHECK(select(kPage, "//p") == Texts{"one", "two boldgo"});
  CHECK(select(kPage, "//a", "href") == Texts{"/x?a=1&b=2"});
  CHECK(select(kPage, "//a/@href") == Texts{"/x?a=1&b=2"});
  CHECK(select(kPage, "//p", "class") == Texts{"", ""});
  CHECK(select(kPage, "//table").empty());
  CHECK(select(kPage, "//p[matches(text(), '^t[w]o')]") == Texts{"two boldgo"});
  CHECK(select(kPage, "//p[matches(., '(')]").empty());
}

TEST_CASE("html: a tag's name goes up to a blank, a slash or >") {
  CHECK(select("<script$x src='a'></script><script src='b'></script>", "//script", "src") ==
        Texts{"b"});
  CHECK(select("<p>1<b?c>2</b></p>", "//b").empty());
  CHECK(select("<script>if (a<b$c) go()</script>", "//script") == Texts{"if (a<b$c) go()"});
  CHECK(select("<!-- <p$x> --><my-tag>x</my-tag><p/>", "//my-tag") == Texts{"x"});
  CHECK(select("<p$", "//p").empty());
}

TEST_CASE("html: the rows of a table stand in a tbody") {
  constexpr std::string_view kTable =
      "<table><caption>c</caption> "
      "<tr><td>1</td></tr>\n<tr><td>2<table><tr><td>in</td></tr></table>"
      "</td></tr><tfoot><tr><td>3</td></tr></tfoot><tr><td>4</td></tr></table>";
  CHECK(select(kTable, "/html/body/table/tbody[1]/tr[1]/td") == Texts{"1"});
  CHECK(select(kTable, "/html/body/table/tbody[2]/tr/td") == Texts{"4"});
  CHECK(select(kTable, "//td/table/tbody/tr/td") == Texts{"in"});
  CHECK(select(kTable, "//tfoot/tr/td") == Texts{"3"});
  CHECK(select(kTable, "//table/tr").empty());
  CHECK(select("<table><tbody><tr><td>1</td></tr></tbody></table>", "//table/tbody/tr") ==
        Texts{"1"});
}

TEST_CASE("xml is strict, and a default namespace needs no name") {
  constexpr std::string_view kFeed =
      "<?xml version='1.0'?><feed xmlns='urn:a' xmlns:x='urn:x'><Title>T</Title>"
      "<x:id>7</x:id></feed>";
  CHECK(select(kFeed, "/feed/Title") == Texts{"T"});
  CHECK(select(kFeed, "//x:id") == Texts{"7"});
  CHECK_FALSE(Markup::parse("<?xml version='1.0'?><a><b></a>"));
}

TEST_CASE("what can't be asked is an error") {
  const auto markup = Markup::parse("<p>x</p>");
  REQUIRE(markup);
  for (const char* wrong : {"//p[", "count(//p)", "//nowhere:p", ""}) {
    CAPTURE(wrong);
    const auto found = markup->select(wrong);
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("entities are not expanded without end, and steps are counted") {
  std::string bomb = "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e0 'x'>";
  for (int i = 1; i < 20; ++i) {
    const std::string last = "&e" + std::to_string(i - 1) + ";";
    bomb += "<!ENTITY e" + std::to_string(i) + " '";
    for (int n = 0; n < 10; ++n) bomb += last;
    bomb += "'>";
  }
  bomb += "]><a>&e19;</a>";
  if (const auto markup = Markup::parse(bomb)) {
    CHECK(markup->select("//a").ok());  // ends
  }
  std::string wide = "<div>";
  for (int i = 0; i < 3000; ++i) wide += "<p>x</p>";
  const auto markup = Markup::parse(wide);
  REQUIRE(markup);
  const auto costly = markup->select("//p[count(//p[count(//p) > 1]) > 1]");
  REQUIRE_FALSE(costly.ok());
  CHECK(costly.error().code == ErrorCode::kExhausted);
}

}  // namespace
}  // namespace m8::match
