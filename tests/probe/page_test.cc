#include "probe/page.h"

#include <doctest/doctest.h>

#include "probe/html.h"

using namespace m8::probe;

namespace {

std::string title_of(std::string_view body, std::string_view type = "text/html") {
  return read_title(read_page(body), type, body);
}

}  // namespace

TEST_CASE("probe/page: the title as the field prints it") {
  const std::pair<const char*, const char*> cases[] = {
      {"<title>a</title>", "a"},
      {"<TITLE lang=en>\n a &amp; b\t</TITLE ><title>c</title>", "a & b"},
      {"<title></title><title>second</title>", ""},
      {"<!-- <title>no</title> --><title>yes</title>", "yes"},
      {"<script>'<title>no</title>'</script><title>yes</title>", "yes"},
      {"<title>a <b>bold</b> one", "a <b>bold</b> one"},
      {"<title>a\nb</title>", "ab"},
      {"<title>&#x41;&lt;</title>", "A<"},
      {"<title", ""},
      {"< title>careless< / title>", "careless"},
      {"no title", ""},
      {"", ""},
  };
  for (const auto& [body, title] : cases) {
    const auto& shown = body;
    CAPTURE(shown);
    CHECK(title_of(body) == title);
  }
}

TEST_CASE("probe/page: only types that have titles, in the charset that they name") {
  CHECK(title_of("<title>a</title>", "text/plain").empty());
  CHECK(title_of("<title>a</title>", "application/json").empty());
  CHECK(title_of("<title>a</title>", "application/rss+xml; charset=utf-8") == "a");
  CHECK(title_of("<title>\xe4</title>", "text/html; charset=iso-8859-1") == "\xc3\xa4");
  CHECK(title_of("<meta charset=\"shift_jis\"><title>\x93\xfa\x96{</title>") == "日本");
  CHECK(title_of("<meta charset=euc-kr><title>\xb0\xa1</title>") == "가");
  CHECK(title_of("<title>\x93x\x94</title>") == "\xe2\x80\x9cx\xe2\x80\x9d");
  CHECK(title_of("<meta charset='no such'><title>\xff</title>") == "\xef\xbf\xbd");
}

TEST_CASE("probe/page: scripts, meta data and icons") {
  const Page page = read_page(
      "<base href='/x/'><script src=a.js></script><script>if (1 < 2) '<script src=no.js>'</script>"
      "<SCRIPT defer SRC=\"b.js?a=1&amp;b\"></SCRIPT><meta name=Generator content='Word  Press'>"
      "<meta property=og:x content=y><link rel=stylesheet href=s.css>"
      "<link rel='shortcut icon' href=i.png><link href=j.ico rel=icon><script src='c.js'>");
  CHECK(page.scripts == std::vector<std::string>{"a.js", "b.js?a=1&b", "c.js"});
  REQUIRE(page.metas.size() == 1);
  CHECK(page.metas[0].first == "Generator");
  CHECK(page.metas[0].second == "Word  Press");
  CHECK(page.icons == std::vector<std::string>{"j.ico", "i.png"});
  CHECK(page.base == "/x/");
}

TEST_CASE("probe/page: a hostile page is read in bounded memory") {
  std::string body;
  for (int i = 0; i < 50'000; ++i) body += "<script src=x></script><meta name=a content=b>";
  const Page page = read_page(body);
  CHECK(page.scripts.size() == 2048);
  CHECK(page.metas.size() == 2048);
  CHECK(title_of("<title>" + std::string(1 << 20, 'x')).size() == 4096);
}

TEST_CASE("probe/html: attributes as they are written") {
  HtmlScanner tag("<a><br/><p class = x id='y z' =odd b/c d=\"\">");
  REQUIRE(tag.next());
  CHECK(tag.is("a"));
  REQUIRE(tag.next());
  CHECK(tag.is("br"));
  REQUIRE(tag.next());
  std::string value;
  CHECK(tag.attribute("class", value));
  CHECK(value == "x");
  CHECK(tag.attribute("id", value));
  CHECK(value == "y z");
  CHECK(tag.attribute("=odd", value));
  CHECK(tag.attribute("c", value));
  CHECK(tag.attribute("d", value));
  CHECK(value.empty());
  CHECK_FALSE(tag.attribute("e", value));
  CHECK_FALSE(tag.next());
}
