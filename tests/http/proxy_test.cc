#include "http/proxy.h"

#include <map>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::http;

TEST_CASE("http/proxy: a proxy's URL, its default port, its login") {
  struct Row {
    const char *url, *name, *user, *password;
  };
  const Row rows[] = {
      {"http://p.test:3128", "http://p.test:3128", "", ""},
      {"p.test:3128", "http://p.test:3128", "", ""},
      {"http://p.test", "http://p.test:80", "", ""},
      {"https://p.test/", "https://p.test:443", "", ""},
      {"socks5://u:p%40ss@127.0.0.1", "socks5://127.0.0.1:1080", "u", "p@ss"},
      {"SOCKS5H://u@[::1]:9", "socks5h://[::1]:9", "u", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.url);
    const auto proxy = Proxy::parse(row.url);
    REQUIRE(proxy.ok());
    CHECK(proxy->name() == row.name);
    CHECK(proxy->user == row.user);
    CHECK(proxy->password == row.password);
  }
}

TEST_CASE("http/proxy: what is no proxy is told without its password") {
  const std::string long_name(300, 'u');
  for (const std::string& url :
       {std::string("ftp://u:secret@p.test"), std::string("socks4://u:secret@p.test:1"),
        std::string("http://u:secret@"), std::string(""), std::string("http://u:secret@p:99999"),
        "socks5://" + long_name + ":secret@p.test"}) {
    CAPTURE(url);
    const auto proxy = Proxy::parse(url);
    REQUIRE_FALSE(proxy.ok());
    CHECK(proxy.error().code == ErrorCode::kInvalidArgument);
    CHECK(proxy.error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("http/proxy: the environment, upper case first") {
  std::map<std::string, std::string> variables{{"HTTP_PROXY", "http://a:1"},
                                               {"http_proxy", "http://b:1"},
                                               {"ALL_PROXY", "socks5://c:1"},
                                               {"no_proxy", "x.test"}};
  const auto read = [&](const char* name) { return variables[name]; };
  ProxyRules rules = ProxyRules::from_environment(read);
  CHECK(rules.http == "http://a:1");
  CHECK(rules.https == "socks5://c:1");
  CHECK(rules.none == "x.test");
  CHECK(rules.check().ok());
  variables["REQUEST_METHOD"] = "GET";
  CHECK(ProxyRules::from_environment(read).http == "http://b:1");
  variables["HTTPS_PROXY"] = "gopher://d";
  CHECK(ProxyRules::from_environment(read).check().error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("http/proxy: NO_PROXY") {
  struct Row {
    const char *none, *url;
    bool covered;
  };
  const Row rows[] = {
      {"", "http://a.test/", false},
      {"*", "http://a.test/", true},
      {"a.test", "http://a.test/", true},
      {"a.test", "http://www.a.test/", true},
      {"a.test", "http://ba.test/", false},
      {".a.test", "http://www.a.test/", true},
      {"*.a.test", "http://www.a.test/", true},
      {"b.test, A.TEST", "https://a.test/", true},
      {"a.test:8080", "http://a.test:8080/", true},
      {"a.test:8080", "http://a.test/", false},
      {"a.test:443", "https://a.test/", true},
      {"127.0.0.1", "http://127.0.0.1:99/", true},
      {"127.0.0.1", "http://127.0.0.2/", false},
      {"127.0.0.0/8", "http://127.9.9.9/", true},
      {"127.0.0.0/8", "http://a.test/", false},
      {"::1", "http://[::1]:80/", true},
      {"[::1]:80", "http://[::1]/", true},
      {",, ,", "http://a.test/", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.none);
    CAPTURE(row.url);
    CHECK(covers(row.none, net::Url::parse(row.url).value()) == row.covered);
  }
}
