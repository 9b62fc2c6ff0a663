#include "issues/notify.h"

#include <doctest/doctest.h>

#include "base/json.h"
#include "output/redact.h"

using namespace m8;
using namespace m8::issues;

namespace {

Difference make_item(const std::string& name, model::Severity severity) {
  model::Issue issue;
  issue.name = "Flaw";
  issue.severity = severity;
  issue.host = "a.com";
  return {Subject::kIssue, model::ChangeKind::kNew, name, "", "", "", issue};
}

}  // namespace

TEST_CASE("issues/notify: secrets are masked, the rest stays") {
  const std::pair<const char*, const char*> texts[] = {
      {"http://a.com/x?token=abc&page=1", "http://a.com/x?token=***&page=1"},
      {"http://a.com/x?ACCESS_TOKEN=abc", "http://a.com/x?ACCESS_TOKEN=***"},
      {"http://u:pw@a.com/", "http://u:***@a.com/"},
      {"http://a.com/?api-key=1&password=2;session_id=3",
       "http://a.com/?api-key=***&password=***;session_id=***"},
      {"authorization: abc", "authorization: ***"},
      {"http://a.com/tokens/7?tokenise", "http://a.com/tokens/7?tokenise"},
      {"plain text", "plain text"},
  };
  for (const auto& [text, wanted] : texts) CHECK(output::Redactor::strict().line(text) == wanted);
}

TEST_CASE("issues/notify: every shape is what its receiver takes, and holds no secret") {
  News news;
  news.counts["new issue"] = 2;
  news.items = {make_item("<t> http://a.com/?token=s3cret", model::Severity::kHigh),
                make_item("\"\n\x01", model::Severity::kLow)};
  news.more = 3;
  for (const Shape shape :
       {Shape::kText, Shape::kJson, Shape::kSlack, Shape::kDiscord, Shape::kTeams}) {
    const std::string body = message_body(shape, news);
    CHECK(body.find("s3cret") == body.npos);
    if (shape != Shape::kText) CHECK(json::parse(body).ok());
  }
  CHECK(message_body(Shape::kText, news).find("... and 3 more\n") != std::string::npos);
}

TEST_CASE("issues/notify: Discord's limit holds, and what is cut is counted") {
  News news;
  for (int i = 0; i < 100; ++i)
    news.items.push_back(make_item(std::string(250, 'x'), model::Severity::kLow));
  news.counts["new issue"] = 100;
  const auto body = json::parse(message_body(Shape::kDiscord, news));
  REQUIRE(body.ok());
  const auto content = body->string_at("content");
  CHECK(content.size() <= 2000);
  CHECK(content.find("more\n") != content.npos);
}

TEST_CASE("issues/notify: shapes have names") {
  CHECK(parse_shape("teams") == Shape::kTeams);
  CHECK_FALSE(parse_shape("irc"));
}
