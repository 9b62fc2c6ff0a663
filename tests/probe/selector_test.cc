#include "probe/selector.h"

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::probe;

namespace {

bool matches(const std::string& selector, const std::string& markup) {
  const auto parsed = Selector::parse(selector);
  REQUIRE(parsed.ok());
  HtmlScanner tag(markup);
  while (tag.next())
    if (parsed->matches(tag)) return true;
  return false;
}

}  // namespace

TEST_CASE("probe/selector: what one start tag decides") {
  const std::string link =
      "<LINK REL='stylesheet alternate' href='/A/b.css?x=1&amp;y' data-x lang=en-GB id=Main>";
  for (const char* selector :
       {"link", "*[href]", "link[href*='/A/']", "link[href^=\"/A\"]", "link[href$='&y']",
        "[data-x]", "[rel~=alternate]", "[lang|='en']", "#Main", "link#Main[data-x][lang=en-GB]",
        "LINK[ href *= 'b.css' ]"}) {
    CAPTURE(selector);
    CHECK(matches(selector, link));
    CHECK(link.size() > 0);
  }
  for (const char* selector : {"a", "link[href*='/a/']", "#main", "[rel=alternate]", "[rel~=alt]",
                               ".Main", "[lang|='e']", "[href^='']", "link[title]"}) {
    CAPTURE(selector);
    CHECK_FALSE(matches(selector, link));
  }
  CHECK(matches(".b", "<p class='a  b c'>"));
  CHECK(matches("div[class*='a b'][x=\"]\"]", "<div class='a b' x=']'>"));
}

TEST_CASE("probe/selector: what needs more is refused, and the rest of the list is kept") {
  for (const char* text : {"a > b", "a b", "a:hover", "a + b", "a::before"}) {
    CAPTURE(text);
    const auto parsed = Selector::parse(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().code == ErrorCode::kUnsupported);
  }
  for (const char* text : {"", "[", "[]", "[a", "[a?b]", "#", "a..b", "[a=", "[=b]"}) {
    CAPTURE(text);
    CHECK_FALSE(Selector::parse(text).ok());
  }
  std::size_t refused = 0;
  CHECK(Selector::parse_list(" a[x='1,2'] , b > c,, d", refused).size() == 2);
  CHECK(refused == 2);
}

TEST_CASE("probe/selector: a literal that every match holds") {
  const std::pair<const char*, const char*> cases[] = {
      {"link[href*='CDN.a.test/x']", "cdn.a.test/x"},
      {"*[data-long-name]", "data-long-name"},
      {"link", "<link"},
      {"a[href*='x&y=123']", "href"},
      {".some-class", "some-class"}};
  for (const auto& row : cases) {
    CAPTURE(row.first);
    CHECK(Selector::parse(row.first)->literal() == row.second);
  }
}
