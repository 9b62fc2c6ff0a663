#include "fleet/job.h"

#include <doctest/doctest.h>

using namespace m8;
using fleet::Job;

namespace {

Job make_job() {
  Job job;
  job.key = {7, 3};
  job.program = "num8";
  job.command = "scan";
  job.arguments = {"--no-httpx", "--header=X: \"1\"", "--templates=@/0"};
  job.bundle = std::string(64, 'a');
  job.input = {"http://a.test", "b.test"};
  job.hosts = {-5, 9};
  job.seconds = 1.5;
  return job;
}

std::string changed(std::string_view from, std::string_view to) {
  std::string text = fleet::encode(make_job());
  const auto at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("fleet/job: comes back as it was sent") {
  const Job job = make_job();
  const auto read = fleet::decode(fleet::encode(job));
  REQUIRE(read.ok());
  CHECK(read->key == job.key);
  CHECK(read->arguments == job.arguments);
  CHECK(read->input == job.input);
  CHECK(read->hosts == job.hosts);
  CHECK(read->bundle == job.bundle);
  CHECK(read->seconds == 1.5);
  CHECK(fleet::encode(*read) == fleet::encode(job));
  CHECK(fleet::check_job(*read).ok());
  CHECK(fleet::to_message(job).id == "7.3");
  CHECK(fleet::digest_of(fleet::to_message(job)) == fleet::digest_of(fleet::to_message(*read)));
}

TEST_CASE("fleet/job: a newer format is told from what is no job") {
  const auto newer = fleet::decode(changed("\"m8_job\":1", "\"m8_job\":3"));
  REQUIRE_FALSE(newer.ok());
  CHECK(newer.error().code == ErrorCode::kUnsupported);
  CHECK(newer.error().message == "format 3 is newer than this worker's 2");
  const std::pair<const char*, const char*> kBad[] = {
      {"\"m8_job\":1", "\"m8_job\":0"},
      {"\"m8_job\":1", "\"m8_job\":\"1\""},
      {"\"run\":7", "\"run\":0"},
      {"\"number\":3", "\"number\":-1"},
      {"\"hosts\":[-5,9]", "\"hosts\":[9,-5]"},
      {"\"hosts\":[-5,9]", "\"hosts\":[9,9]"},
      {"b.test", "b\\ntest"},
      {"\"aaaa", "\"../a"},
      {"[\"http", "[1,\"http"},
      {"\"seconds\":1.5", "\"seconds\":-1.5"},
  };
  for (const auto& [from, to] : kBad) {
    const auto& written = to;
    CAPTURE(written);
    const auto read = fleet::decode(changed(from, to));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == ErrorCode::kInvalidArgument);
  }
  CHECK_FALSE(fleet::decode("hello").ok());
  CHECK_FALSE(fleet::decode("").ok());
  CHECK_FALSE(fleet::decode(std::string(fleet::kMaxJobBytes + 1, ' ')).ok());
}

TEST_CASE("fleet/job: only flags of the list, and no path outside the archive") {
  const char* const kRefused[] = {"--output=/etc/x",
                                  "--store=x",
                                  "--as-job=/",
                                  "--config=x",
                                  "--templates=/etc",
                                  "--templates=@/../x",
                                  "--scope=@x",
                                  "-o",
                                  "--",
                                  "--allow-local-file-access",
                                  "--env-vars",
                                  "--secret-file=@/0/..",
                                  "templates",
                                  "--no-httpx exclude",
                                  "--queue-url=amqp://x"};
  for (const char* argument : kRefused) {
    CAPTURE(argument);
    Job job = make_job();
    job.arguments.emplace_back(argument);
    const Status checked = fleet::check_job(job);
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().code == ErrorCode::kDenied);
  }
  Job other = make_job();
  other.program = "sh";
  CHECK_FALSE(fleet::check_job(other).ok());
}

TEST_CASE("fleet/job: a host has one hash however it is written") {
  CHECK(fleet::host_hash("A.Test") == fleet::host_hash("a.test"));
  CHECK(fleet::host_hash("a.test") != fleet::host_hash("b.test"));
  CHECK(fleet::host_hash("a.test") == 5970917611615705566LL);
}

TEST_CASE("fleet/job: secrets are named, not told, and only newer workers take such a job") {
  Job job = make_job();
  CHECK(fleet::encode(job).starts_with("{\"m8_job\":1,"));
  job.secrets = "@/1/arguments";
  CHECK(fleet::encode(job).starts_with("{\"m8_job\":2,"));
  const auto read = fleet::decode(fleet::encode(job));
  REQUIRE(read.ok());
  CHECK(read->secrets == job.secrets);
  CHECK(fleet::check_arguments(*read, {"--header=X: y"}).ok());
  CHECK_FALSE(fleet::check_arguments(*read, {"--output=/etc/passwd"}).ok());
  for (const char* outside : {"/etc/passwd", "@/../x", "secrets"}) {
    job.secrets = outside;
    CHECK_FALSE(fleet::decode(fleet::encode(job)).ok());
  }
}

TEST_CASE("fleet/job: the id of a message says which job it is") {
  CHECK(fleet::key_of("7.3") == store::JobKey{7, 3});
  for (const char* id :
       {"", "7", "7.", ".3", "0.3", "7.-1", "7.3x", "x", "7 .3", "99999999999999999999.1"})
    CHECK_FALSE(fleet::key_of(id).has_value());
}
