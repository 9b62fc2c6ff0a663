#include "probe/technologies.h"

#include <doctest/doctest.h>

#include "net/tls_peer.h"

using namespace m8;
using namespace m8::probe;

namespace {

constexpr const char* kFile = R"({"apps": {
  "Server": {"headers": {"Server": "^srv(?:/([\\d.]+))?\\;version:\\1"}, "implies": ["Linux", "X\\;confidence:0"]},
  "Shop": {"cookies": {"Shop_ID": ""}, "meta": {"generator": ["^shop ([\\d.]+)\\;version:\\1", "^old"]}},
  "Lib": {"scriptSrc": ["/lib[.-]([\\d.]+)\\.js\\;version:\\1", "lib\\.js"]},
  "Page": {"html": "<div class=\"page\">", "js": {"x": ""}, "dom": {"a": ""}},
  "Edge": {"html": ["(pro)?edge\\;version:\\1?pro:basic"]},
  "Unsure": {"html": "maybe\\;confidence:0"},
  "Ahead": {"html": "(?!x)ahead"},
  "Wrong": {"html": 7, "headers": []}
}})";

std::vector<std::string> detect(const TechnologyDetector& detector, const std::string& body,
                                std::vector<http::Header> headers = {}) {
  http::Response response;
  response.body = body;
  response.headers = std::move(headers);
  const Page page = read_page(body);
  std::vector<std::string> out, slow;
  for (const Technology& one : detector.detect(response, page)) out.push_back(one.text());
  for (const Technology& one : detector.detect_slowly(response, page)) slow.push_back(one.text());
  CHECK(out == slow);
  return out;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("probe/technologies: headers, cookies, meta, scripts, html, implies, versions") {
  auto prints = Fingerprints::parse(kFile);
  REQUIRE(prints.ok());
  CHECK(prints->skipped == 2);
  const TechnologyDetector detector(std::move(prints).value());
  CHECK(detector.compile_all() == 1);
  CHECK(detect(detector, "", {{"SERVER", "Srv/1.2"}}) == Names{"Linux", "Server:1.2"});
  CHECK(detect(detector, "", {{"Server", "srv"}}) == Names{"Linux", "Server"});
  CHECK(
      detect(detector, "", {{"Set-Cookie", "a=b; path=/"}, {"Set-Cookie", "shop_id=7; path=/"}}) ==
      Names{"Shop"});
  CHECK(detect(detector, "<meta name=GENERATOR content='Shop 3.1'>") == Names{"Shop:3.1"});
  CHECK(detect(detector, "<script src='/Lib-2.0.JS'></script>") == Names{"Lib:2.0"});
  CHECK(detect(detector, "<script>'/lib-2.0.js'</script>").empty());
  CHECK(detect(detector, "<DIV class=\"page\">") == Names{"Page"});
  CHECK(detect(detector, "proedge") == Names{"Edge:pro"});
  CHECK(detect(detector, "an edge") == Names{"Edge:basic"});
  CHECK(detect(detector, "maybe ahead").empty());
}

TEST_CASE("probe/technologies: the built-in list") {
  const TechnologyDetector detector(Fingerprints::builtin());
  CHECK(detector.compile_all() == 0);
  CHECK(detect(detector, "<script src=/wp-includes/js/jquery/jquery.min.js></script>",
               {{"Server", "nginx/1.22.1"}, {"X-Powered-By", "PHP/8.2"}}) ==
        Names{"Nginx:1.22.1", "PHP:8.2", "WordPress", "jQuery"});
}

TEST_CASE("probe/fingerprints: rubbish is refused or left out") {
  for (const char* text : {"", "[]", "{}", "{\"apps\": 1}", "{\"apps\": {\"a\": {}}", "\xff"}) {
    CAPTURE(text);
    CHECK_FALSE(Fingerprints::parse(text).ok());
  }
  const auto odd = Fingerprints::parse(
      R"({"technologies": {"": {}, "a": 1, "b": {"html": [null, "x"], "implies": {"c": 1}}}})");
  REQUIRE(odd.ok());
  CHECK(odd->technologies.size() == 1);
  CHECK(odd->patterns.size() == 1);
  CHECK(odd->skipped == 4);
}

TEST_CASE("probe/fingerprints: versions out of groups") {
  const std::pair<std::pair<const char*, std::vector<std::string>>, const char*> cases[] = {
      {{"x\\;version:\\1", {"1.2"}}, "1.2"}, {{"x\\;version:\\1.\\2", {"1", "2"}}, "1.2"},
      {{"x\\;version:v\\1 ", {"1"}}, "v1"},  {{"x\\;version:\\1?a:b", {"1"}}, "a"},
      {{"x\\;version:\\1?a:b", {""}}, "b"},  {{"x\\;version:\\1?a:", {""}}, ""},
      {{"x\\;version:a?b?c:d", {}}, ""},     {{"x", {"1"}}, ""},
  };
  for (const auto& [in, version] : cases) {
    Pattern pattern;
    read_pattern(in.first, pattern);
    const auto& shown = in.first;
    CAPTURE(shown);
    CHECK(version_of(pattern, in.second) == version);
  }
}

TEST_CASE("probe/technologies: what else a page shows, if it is to be looked at closely") {
  constexpr const char* kDeep = R"({"apps": {
    "Address": {"url": "^https://shop\\."},
    "Inline": {"scripts": "window\\.shop\\s*=\\s*'([\\d.]+)'\\;version:\\1"},
    "Signed": {"certIssuer": "Our CA"},
    "Element": {"dom": "link[href*='/Ours/'], p > a"},
    "Value": {"dom": {"div.app": {"attributes": {"data-version": "([\\d.]+)\\;version:\\1"}}, "b": {"text": "x"}}},
    "Listed": {"dom": ["meta[name='ours']", "#none"]}
  }})";
  http::Response response;
  response.url = net::Url::parse("https://shop.a.test/x").value();
  auto peer = std::make_shared<net::TlsPeer>();
  peer->issuer_cn = "Our CA 3";
  response.tls = peer;
  response.body =
      "<link href=/Ours/a.css><meta name=ours><script>window.shop = '4.2'</script>"
      "<div class='x app' data-version=7.1>";
  const Page page = read_page(response.body);
  const auto told = [&](TechnologyDetector::Depth depth) {
    auto prints = Fingerprints::parse(kDeep);
    REQUIRE(prints.ok());
    CHECK(prints->unseen == 2);
    const TechnologyDetector detector(std::move(prints).value(), depth);
    Names out, slow;
    for (const Technology& one : detector.detect(response, page)) out.push_back(one.text());
    for (const Technology& one : detector.detect_slowly(response, page)) slow.push_back(one.text());
    CHECK(out == slow);
    return out;
  };
  CHECK(told(TechnologyDetector::Depth::kField).empty());
  CHECK(told(TechnologyDetector::Depth::kDeep) ==
        Names{"Address", "Element", "Inline:4.2", "Listed", "Signed", "Value:7.1"});
}

TEST_CASE("probe/technologies: what requires another, and what excludes one") {
  auto prints = Fingerprints::parse(R"({"apps": {
    "CMS": {"html": "cms", "cats": [1]},
    "Plugin": {"html": "plugin", "requires": "CMS", "implies": "Add-on"},
    "Theme": {"html": "theme", "requiresCategory": [1]},
    "Layer": {"html": "layer", "requires": ["Plugin", "Nothing"]},
    "Fork": {"html": "fork", "excludes": ["CMS"]}
  }})");
  REQUIRE(prints.ok());
  const TechnologyDetector detector(std::move(prints).value());
  CHECK(detect(detector, "plugin theme layer").empty());
  CHECK(detect(detector, "cms plugin theme layer") ==
        Names{"Add-on", "CMS", "Layer", "Plugin", "Theme"});
  CHECK(detect(detector, "cms fork") == Names{"Fork"});
}
