#include "oob/smtp_session.h"

#include <doctest/doctest.h>

using namespace m8::oob;

namespace {

struct Fixture {
  explicit Fixture(SmtpLimits limits = {})
      : session("mx.test", limits, [this](const Mail& mail, const std::string& answer) {
          mails.push_back(mail);
          answers.push_back(answer);
        }) {}
  /// First digit of each answer line.
  std::string codes(const std::string& bytes) {
    std::string out;
    const std::string said = session.feed(bytes);
    for (std::size_t at = 0; at < said.size(); at = said.find('\n', at) + 1)
      out += said.substr(at, 3) + " ";
    return out;
  }

  std::vector<Mail> mails;
  std::vector<std::string> answers;
  SmtpSession session;
};

}  // namespace

TEST_CASE("oob/smtp_session: takes a message") {
  Fixture fixture;
  CHECK(fixture.session.greeting() == "220 mx.test ESMTP\r\n");
  CHECK(fixture.codes("HELO a\r\nmail from:<x@y> SIZE=3\r\nRCPT TO:<u@id.oob.test>\r\nDATA\r\n") ==
        "250 250 250 354 ");
  CHECK(fixture.codes("Subject: s\r\n\r\n..a\r\n.") == "");
  CHECK(fixture.codes("\r\nQUIT\r\n") == "250 221 ");
  CHECK(fixture.session.over());
  REQUIRE(fixture.mails.size() == 1);
  CHECK(fixture.mails[0].from == "x@y");
  CHECK(fixture.mails[0].recipients == std::vector<std::string>{"u@id.oob.test"});
  CHECK(fixture.mails[0].data == "Subject: s\r\n\r\n.a\r\n");
  CHECK(fixture.answers[0] == "250 OK\r\n");
}

TEST_CASE("oob/smtp_session: tells of recipients whose message never came") {
  Fixture fixture;
  fixture.codes("HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<u@id.test>\r\n");
  CHECK(fixture.mails.empty());
  fixture.session.closed();
  REQUIRE(fixture.mails.size() == 1);
  CHECK(fixture.mails[0].commands == "MAIL FROM:<>\r\nRCPT TO:<u@id.test>\r\n");
  CHECK(fixture.mails[0].data.empty());
}

TEST_CASE("oob/smtp_session: keeps the order of commands") {
  Fixture fixture;
  CHECK(fixture.codes("RCPT TO:<a>\r\nDATA\r\nMAIL\r\nMAIL FROM:<a>\r\nRCPT\r\nWHAT\r\nNOOP\r\n") ==
        "503 503 501 250 501 500 250 ");
}

TEST_CASE("oob/smtp_session: everything is bounded") {
  SmtpLimits limits;
  limits.max_line = 50;
  limits.max_data = 100;
  limits.max_sent = 2000;
  limits.max_recipients = 2;
  limits.max_errors = 3;
  limits.max_commands = 20;
  {
    Fixture fixture(limits);
    CHECK(fixture.codes(std::string(51, 'x')) == "500 ");
    CHECK(fixture.session.over());
  }
  {
    Fixture fixture(limits);
    CHECK(fixture.codes("A\nB\nC\nD\nE\n") == "500 500 500 421 ");
  }
  {
    Fixture fixture(limits);
    std::string noise;
    for (int i = 0; i < 30; ++i) noise += "NOOP\r\n";
    CHECK(fixture.codes(noise).ends_with("250 421 "));
    CHECK(fixture.session.over());
  }
  {
    Fixture fixture(limits);
    CHECK(fixture.codes("MAIL FROM:<a>\r\nRCPT TO:<1>\r\nRCPT TO:<2>\r\nRCPT TO:<3>\r\nDATA\r\n") ==
          "250 250 250 452 354 ");
    for (int i = 0; i < 20; ++i) fixture.codes("0123456789\r\n");
    fixture.codes(".\r\n");
    REQUIRE(fixture.mails.size() == 1);
    CHECK(fixture.mails[0].data.size() <= 100);
    CHECK(fixture.codes(std::string(2000, '\n')) == "421 ");
  }
}
