// sources.yaml, the environment, and which sources a run asks.
#include <algorithm>

#include <doctest/doctest.h>

#include "enumerate/sources/settings.h"

using namespace m8;
using namespace m8::enumerate::sources;

namespace {

std::string no_variables(const std::string&) { return ""; }

std::vector<std::string> names_of(const std::vector<Chosen>& chosen) {
  std::vector<std::string> names;
  for (const auto& one : chosen) names.emplace_back(one.source->name);
  return names;
}

bool contains(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("enumerate/sources/settings: subfinder's provider-config.yaml as it is") {
  const auto settings = parse_settings(
      "bevigil: []\n"
      "censys:\n  - token:organisation\n"
      "chaos: [one, two]\n"
      "Shodan:\n- $SHODAN_KEY\n- ${OTHER}\n- $UNSET\n"
      "someothersource: [x]\n"
      "virustotal: null\n",
      [](const std::string& name) {
        return name == "SHODAN_KEY" ? "from-env" : name == "OTHER" ? "other" : "";
      });
  REQUIRE(settings.ok());
  CHECK(settings->at("bevigil").keys.empty());
  CHECK(settings->at("censys").keys == std::vector<std::string>{"token:organisation"});
  CHECK(settings->at("chaos").keys == std::vector<std::string>{"one", "two"});
  CHECK(settings->at("shodan").keys == std::vector<std::string>{"from-env", "other"});
  CHECK(settings->at("virustotal").keys.empty());
  CHECK(unknown_names(*settings) == std::vector<std::string>{"someothersource"});
}

TEST_CASE("enumerate/sources/settings: ours beside it: one key, URL, rate") {
  const auto settings = parse_settings(
      "chaos: just-one\n"
      "crtsh: {url: 'http://127.0.0.1:8080/ct', rate: 30/m}\n"
      "shodan: {keys: [a, b]}\n",
      no_variables);
  REQUIRE(settings.ok());
  CHECK(settings->at("chaos").keys == std::vector<std::string>{"just-one"});
  CHECK(settings->at("crtsh").url == "http://127.0.0.1:8080/ct");
  CHECK(settings->at("crtsh").rate == "30/m");
  CHECK(settings->at("shodan").keys.size() == 2);
  CHECK(parse_settings("", no_variables).ok());
}

TEST_CASE("enumerate/sources/settings: what is wrong is told with its line and without keys") {
  const struct {
    const char* yaml;
    const char* message;
  } cases[] = {
      {"- s3cret\n", "line 1: not a map of sources"},
      {"chaos: [x]\nshodan: {key: s3cret}\n", "line 2: not one of keys, url, rate"},
      {"\nshodan: [[s3cret]]\n", "line 2: keys are texts"},
      {"crtsh: {url: nonsense}\n", "line 1: its url is none"},
      {"crtsh: {rate: often}\n", "line 1: its rate is none"},
  };
  for (const auto& c : cases) {
    const auto settings = parse_settings(c.yaml, no_variables);
    REQUIRE_FALSE(settings.ok());
    CHECK(settings.error().code == ErrorCode::kInvalidArgument);
    CHECK(settings.error().message == c.message);
  }
  CHECK_FALSE(parse_settings("a: [", no_variables).ok());
}

TEST_CASE("enumerate/sources/settings: keys of the environment go before the file's") {
  AllSettings settings;
  settings["shodan"].keys = {"file"};
  settings["chaos"].keys = {"file"};
  add_environment(settings, [](const std::string& name) {
    return name == "M8_SOURCE_SHODAN_KEY"   ? "one, two,,"
           : name == "M8_SOURCE_ANUBIS_KEY" ? "x"
                                            : "";
  });
  CHECK(settings["shodan"].keys == std::vector<std::string>{"one", "two"});
  CHECK(settings["chaos"].keys == std::vector<std::string>{"file"});
  CHECK_FALSE(settings.contains("anubis"));
}

TEST_CASE("enumerate/sources/settings: NAME=VALUE on the command line") {
  AllSettings settings;
  CHECK(assign(settings, {"crtsh=http://127.0.0.1:1"}, &Settings::url, "--source-url").ok());
  CHECK(settings["crtsh"].url == "http://127.0.0.1:1");
  CHECK(assign(settings, {"crtsh=4/m"}, &Settings::rate, "--source-rates").ok());
  CHECK(settings["crtsh"].rate == "4/m");
  CHECK(assign(settings, {"crtsh"}, &Settings::rate, "-x").error().message ==
        "-x: not name=value: crtsh");
  CHECK(assign(settings, {"crtsh=fast"}, &Settings::rate, "-x").error().message ==
        "-x: crtsh: no rate");
  CHECK(assign(settings, {"crtshh=1/s"}, &Settings::rate, "-x").error().message ==
        "-x: no such source: crtshh (did you mean crtsh?)");
}

TEST_CASE("enumerate/sources/settings: by default whatever needs no key or has one is asked") {
  AllSettings settings;
  settings["shodan"].keys = {"k"};
  const auto names = names_of(choose({}, settings).value());
  CHECK(names.size() == 24);
  CHECK(contains(names, "crtsh"));
  CHECK(contains(names, "certspotter"));  // its key is optional
  CHECK(contains(names, "shodan"));
  CHECK_FALSE(contains(names, "virustotal"));
}

TEST_CASE("enumerate/sources/settings: named, excluded, recursive") {
  const auto named = choose({{"virustotal", "anubis"}, {}, false}, {}).value();
  CHECK(names_of(named) == std::vector<std::string>{"anubis", "virustotal"});
  CHECK(named[1].lacks_key());
  CHECK(named[1].named);
  CHECK_FALSE(contains(names_of(choose({{}, {"crtsh"}, false}, {}).value()), "crtsh"));
  const auto recursive = names_of(choose({{}, {}, true}, {}).value());
  CHECK(contains(recursive, "crtsh"));
  CHECK_FALSE(contains(recursive, "anubis"));
  CHECK(choose({{"anubsi"}, {}, false}, {}).error().message ==
        "no such source: anubsi (did you mean anubis?)");
  CHECK_FALSE(choose({{}, {"nothing-like-it"}, false}, {}).ok());
}
