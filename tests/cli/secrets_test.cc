#include "cli/secrets.h"

#include <doctest/doctest.h>

#include "cli/shell_words.h"

namespace m8::cli {
namespace {

std::vector<Flag> some_flags() {
  Flag proxy{"proxy", {"p"}, "URL", "Rate", "proxy"};
  proxy.secret = true;
  Flag store{"store", {}, "URL", "Output", "store"};
  store.type = ValueType::place();
  const Flag header{"header", {"H"}, "HEADER", "Rate", "header"};
  const Flag brief{"brief", {"b"}, "", "Output", "be brief"};
  return {proxy, store, header, brief};
}

TEST_CASE("cli/secrets: no secret among the arguments that are kept") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> table = {
      {{"scan", "-b", "--", "-x"}, "scan -b -- -x"},
      {{"scan", "--proxy", "http://u:pw@h:1"}, "scan --proxy '***'"},
      {{"scan", "-p", "socks5://h:1"}, "scan -p '***'"},
      {{"scan", "-proxy=http://u:pw@h:1"}, "scan '-proxy=***'"},
      {{"scan", "--proxy=http://u:pw@h:1", "a.com"}, "scan '--proxy=***' a.com"},
      {{"--store", "postgres://me:pw@h/db", "scan"}, "--store 'postgres://me:***@h/db' scan"},
      {{"--store=postgres://me:p@w@h/db"}, "'--store=postgres://me:***@h/db'"},
      {{"--store", "postgres://h/db?user=me&password=pw&sslmode=require"},
       "--store 'postgres://h/db?user=me&password=***&sslmode=require'"},
      {{"-H", "Authorization: Bearer k3y"}, "-H 'Authorization: ***'"},
      {{"-H", "X-Api-Key:k3y"}, "-H 'X-Api-Key:***'"},
      {{"-H", "Cookie: a=b; c=d"}, "-H 'Cookie: ***'"},
      {{"-H", "Accept: text/html"}, "-H 'Accept: text/html'"},
      {{"-H", "Referer: http://u:pw@h/"}, "-H 'Referer: http://u:***@h/'"},
      {{"-b", "http://u:pw@h/", "http://v:pw@h/"}, "-b 'http://u:***@h/' 'http://v:***@h/'"},
      {{"http://h/?a=1&api_key=k3y&b=2#c"}, "'http://h/?a=1&api_key=***&b=2#c'"},
      {{"http://h/?accessToken=k3y"}, "'http://h/?accessToken=***'"},
      {{"-V", "token=k3y with blanks"}, "-V 'token=***'"},
      {{"auth.example.com:8080", "auth:8080"}, "auth.example.com:8080 auth:8080"},
      {{"-V", "monkey=1"}, "-V monkey=1"},
      {{"-unknown=http://u:pw@h"}, "'-unknown=http://u:***@h'"},
      {{"--", "--proxy=http://u:pw@h"}, "-- '--proxy=http://u:***@h'"},
      {{"--proxy", "--", "--store", "postgres://u:pw@h"},
       "--proxy '***' --store 'postgres://u:***@h'"},
      {{"--proxy"}, "--proxy"},
      {{""}, "''"},
  };
  for (const auto& [arguments, shown] : table) {
    const std::string got = shell_words(without_secrets(some_flags(), arguments));
    CHECK(got == shown);
  }
}

TEST_CASE("cli/secrets: names that say what they hold") {
  for (const char* name : {"password", "DB_PASSWORD", "x-api-key", "Authorization", "auth",
                           "Set-Cookie", "clientSecret", "csrf.token", "pwd"}) {
    CAPTURE(name);
    CHECK(names_secret(name));
  }
  for (const char* name : {"", "author", "keyboard", "monkey", "passage", "Accept", "tokens"}) {
    CAPTURE(name);
    CHECK(!names_secret(name));
  }
}

}  // namespace
}  // namespace m8::cli
