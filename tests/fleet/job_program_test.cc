#include "fleet/job_program.h"

#include <doctest/doctest.h>

using namespace m8;

TEST_CASE("fleet/job_program: what is hidden in a config file is the text that it was") {
  const auto text = fleet::config_of({"--header=Authorization: \"a\" ${HOME} $${x}",
                                      "--header=X: 1, 2", "--no-httpx", "--var=k=v=w"});
  CHECK(text ==
        "{\"header\":[\"Authorization: \\\"a\\\" $${HOME} $$${x}\",\"X: 1, 2\"],"
        "\"no-httpx\":\"true\",\"var\":\"k=v=w\"}\n");
}

TEST_CASE("fleet/job_program: a text that would name a file is not the name of one there") {
  CHECK(fleet::config_of({"--header=file:/etc/${x}"}) ==
        "{\"header\":\"${JOB_FILE_WORD}/etc/$${x}\"}\n");
}
