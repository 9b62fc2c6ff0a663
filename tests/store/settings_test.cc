#include "store/settings.h"

#include <doctest/doctest.h>

#include "cli/flag_values.h"

using namespace m8;
using namespace m8::store;

TEST_CASE("store/settings: the defaults of the flags are those of the options") {
  const std::vector<cli::Flag> declared = store_flags();
  const cli::FlagValues flags(declared);
  const OpenOptions said = open_options(flags), built_in;
  CHECK(said.busy_timeout == built_in.busy_timeout);
  CHECK(said.slow_query == built_in.slow_query);
  CHECK(said.pool.max_open == built_in.pool.max_open);
  CHECK(said.pool.max_idle == built_in.pool.max_idle);
  CHECK(said.pool.max_lifetime == built_in.pool.max_lifetime);
  CHECK(said.pool.max_idle_time == built_in.pool.max_idle_time);
  CHECK(said.pool.ping_timeout == built_in.pool.ping_timeout);
  CHECK(said.pool.wait_timeout == built_in.pool.wait_timeout);
  CHECK(said.pool.answer_timeout == built_in.pool.answer_timeout);
  const StoreSinkOptions sink = sink_options(flags), plain;
  CHECK(sink.batch.records == plain.batch.records);
  CHECK(sink.batch.bytes == plain.batch.bytes);
  CHECK(sink.max_age == plain.max_age);
}
