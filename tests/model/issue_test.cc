#include "model/issue.h"

#include <set>

#include <doctest/doctest.h>

using namespace m8;
using namespace m8::model;

namespace {

Finding make_finding(const std::string& matched_at) {
  auto info = std::make_shared<TemplateInfo>();
  info->id = "some-flaw";
  info->name = "Some flaw";
  info->tags = {"a", "b"};
  info->severity = Severity::kHigh;
  Finding finding;
  finding.info = info;
  finding.matcher_name = "word";
  finding.host = "a.com";
  finding.matched_at = matched_at;
  finding.timestamp = WallTime(std::chrono::seconds(1'700'000'000));
  return finding;
}

std::string signature_at(const std::string& matched_at) {
  return issue_signature(make_finding(matched_at));
}

}  // namespace

TEST_CASE("model/issue: values, order, repetition and fragments don't change the signature") {
  const std::string first = signature_at("http://a.com/x?b=1&a=2");
  for (const char* same :
       {"http://a.com/x?a=9&b=8", "http://a.com:80/x?a&b", "HTTP://A.com/x?a=1&b=2&a=3",
        "http://a.com/x?a=1&&b=2&", "http://a.com/x?%61=1&b=2#top", "http://u:p@a.com/x?a=1&b="}) {
    CAPTURE(std::string(same));
    CHECK(signature_at(same) == first);
  }
  CHECK(signature_at("http://a.com") == signature_at("http://a.com/"));
}

TEST_CASE("model/issue: everything that makes another flaw changes the signature") {
  std::set<std::string> signatures;
  const char* const places[] = {
      "http://a.com/x",      "http://a.com/X", "http://a.com/x/",   "https://a.com/x",
      "http://a.com:81/x",   "http://b.com/x", "http://a.com/x?a=", "http://a.com/x?b=",
      "http://a.com/x?a=&b", "http://[::1]/x", "a.com:22",          "a.com",
  };
  for (const char* place : places) signatures.insert(signature_at(place));
  CHECK(signatures.size() == std::size(places));
  Finding other = make_finding("http://a.com/x");
  other.matcher_name = "status";
  signatures.insert(issue_signature(other));
  other.matcher_name.clear();
  other.extractor_name = "version";
  signatures.insert(issue_signature(other));
  auto info = std::make_shared<TemplateInfo>();
  info->id = "other-flaw";
  other = make_finding("http://a.com/x");
  other.info = info;
  signatures.insert(issue_signature(other));
  CHECK(signatures.size() == std::size(places) + 3);
}

TEST_CASE("model/issue: the signature stays what it was") {
  // Stored by users: a change of the recipe needs a new version number and a migration.
  CHECK(signature_at("http://a.com/x?b=1&a=2") ==
        "1-6979f16dd11cbec883e88caf435623d451eb03f5a0a7cd900b439d97de945dee");
}

TEST_CASE("model/issue: an issue carries what lists and filters need") {
  const Finding finding = make_finding("http://a.com/x");
  const Issue issue = to_issue(finding);
  CHECK(issue.signature == issue_signature(finding));
  CHECK(issue.template_id == "some-flaw");
  CHECK(issue.matcher == "word");
  CHECK(issue.tags == "a,b");
  CHECK(issue.status == 'U');
  CHECK(issue.severity == Severity::kHigh);
  CHECK(issue.first_seen == finding.timestamp);
  CHECK(issue.event.find("{\"template-id\":\"some-flaw\"") == 0);
}

TEST_CASE("model/issue: a random text in the path is the same flaw in every run") {
  const auto with = [](const std::string& at, std::vector<std::string> random) {
    Finding finding = make_finding(at);
    finding.random = std::move(random);
    return issue_signature(finding);
  };
  // {{randstr}}, here and in the reference
  const std::string one = signature_at("http://a.com/up/2MbH8GzPq4XJmJ9kEoXv1rYt3aB.php?x=1");
  CHECK(one == signature_at("http://a.com/up/1ZcT7FyOp3WIlI8jDnWu0qXs2zA.php?x=2"));
  CHECK(one.starts_with("2-"));
  CHECK(one != signature_at("http://a.com/up/shell.php?x=1"));
  // what rand_ functions gave
  const std::string drawn = with("http://a.com/up/qwert.php", {"qwert"});
  CHECK(drawn == with("http://a.com/up/zuiop.php", {"zuiop"}));
  CHECK(drawn != with("http://a.com/up/qwert.jsp", {"qwert"}));
  CHECK(with("http://a.com/up/x.php", {"x"}) == signature_at("http://a.com/up/x.php"));
  // No other word of 27 is taken for random, and nothing shorter or longer.
  for (const char* path : {"aaaaaaaaaaaaaaaaaaaaaaaaaaa", "abcdefghijklmnopqrstuvwxyz1",
                           "2MbH8GzPq4XJmJ9kEoXv1rYt3a", "2MbH8GzPq4XJmJ9kEoXv1rYt3aBc"}) {
    CAPTURE(std::string(path));
    CHECK(signature_at(std::string("http://a.com/") + path).starts_with("1-"));
  }
}

TEST_CASE("model/issue: statuses have words and letters") {
  for (const auto& [text, letter] :
       std::initializer_list<std::pair<const char*, char>>{{"u", 'U'},
                                                           {"V", 'V'},
                                                           {"ignored", 'I'},
                                                           {"FP", 'F'},
                                                           {"False-Positive", 'F'},
                                                           {"r", 'R'}}) {
    CHECK(parse_status(text) == letter);
    CHECK(parse_status(status_name(letter)) == letter);
  }
  for (const char* bad : {"", "x", "fixed", "UU"}) CHECK_FALSE(parse_status(bad));
}
