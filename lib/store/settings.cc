#include "store/settings.h"

namespace m8::store {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDay = std::chrono::hours(24);

cli::Flag store_url() {
  cli::Flag url;
  url.name = "store";
  url.argument = "URL";
  url.section = "Store";
  url.brief = "where to keep what was found";
  url.detail =
      "sqlite:PATH, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE?OPTIONS as libpq takes it; "
      "without it the SQLite database m8/m8.db under $XDG_DATA_HOME. A password is better kept out "
      "of the command line: in the config file, in $PGPASSWORD or in ~/.pgpass.";
  url.common = true;
  url.type = cli::ValueType::place();
  url.key = "store.url";
  url.aliases = {"store-url"};
  return url;
}

cli::Flag time_setting(const char* key, const char* initial, const char* brief,
                       milliseconds least = milliseconds(1)) {
  return cli::setting(key, "TIME", cli::ValueType::duration(least, kDay), initial, brief);
}

std::vector<cli::Flag> pool_settings() {
  const auto connections = cli::ValueType::number(1, 10'000);
  return {
      cli::setting("store.max_open", "N", connections, "25", "connections to the server at most"),
      cli::setting("store.max_idle", "N", cli::ValueType::number(0, 10'000), "25",
                   "connections that stay open while nobody uses them"),
      time_setting("store.max_lifetime", "5m", "replace older connections; 0: never",
                   milliseconds(0)),
      time_setting("store.max_idle_time", "2m", "close connections idle for longer; 0: never",
                   milliseconds(0)),
      time_setting("store.ping_timeout", "5s", "wait for the server's first answer"),
      time_setting("store.wait_timeout", "10s", "wait for a connection when all are in use"),
      time_setting("store.answer_timeout", "2m", "wait for the answer to one statement"),
      time_setting("store.sample_interval", "10s",
                   "during a run, close idle connections and log (-v) what the pool does so often"),
  };
}

std::vector<cli::Flag> write_settings() {
  return {
      time_setting("store.busy_timeout", "10s", "wait for another process that locks SQLite"),
      time_setting("store.slow_query", "100ms", "log statements that take longer; 0: none",
                   milliseconds(0)),
      time_setting("store.query_cache_ttl", "0",
                   "give a small query's answer again for so long; 0: ask each time",
                   milliseconds(0)),
      cli::setting("store.batch_records", "N", cli::ValueType::number(1, 1'000'000), "60000",
                   "write when so many records wait,"),
      cli::setting("store.batch_bytes", "SIZE", cli::ValueType::size(1'024, 1LL << 30), "29M",
                   "or records of about so many bytes,"),
      time_setting("store.batch_age", "1s", "or a record for so long"),
      cli::setting("store.gone_after", "N", cli::ValueType::number(0, 1'000), "1",
                   "call an issue gone when so many scans that looked for it in a row did not find "
                   "it; 0: never"),
  };
}

}  // namespace

std::vector<cli::Flag> store_settings() {
  std::vector<cli::Flag> flags = {store_url()};
  for (const auto& more : {pool_settings(), write_settings()})
    flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

std::vector<cli::Flag> with_store_settings(std::vector<cli::Flag> flags) {
  for (cli::Flag& flag : store_settings()) flags.push_back(std::move(flag));
  return flags;
}

std::vector<cli::Flag> store_flags() {
  std::vector<cli::Flag> flags = store_settings();
  cli::Flag none;
  none.name = "no-store";
  none.section = "Store";
  none.brief = "keep nothing";
  none.common = true;
  flags.insert(flags.begin() + 1, none);
  return flags;
}

OpenOptions open_options(const cli::Values& flags, OpenOptions options) {
  options.busy_timeout = flags.duration("store-busy-timeout");
  options.slow_query = flags.duration("store-slow-query");
  options.query_cache_ttl = flags.duration("store-query-cache-ttl");
  PoolOptions& pool = options.pool;
  pool.max_open = flags.number<int>("store-max-open");
  pool.max_idle = flags.number<int>("store-max-idle");
  pool.max_lifetime = flags.duration("store-max-lifetime");
  pool.max_idle_time = flags.duration("store-max-idle-time");
  pool.ping_timeout = flags.duration("store-ping-timeout");
  pool.wait_timeout = flags.duration("store-wait-timeout");
  pool.answer_timeout = flags.duration("store-answer-timeout");
  return options;
}

StoreSinkOptions sink_options(const cli::Values& flags) {
  StoreSinkOptions options;
  options.batch.records = flags.number<std::size_t>("store-batch-records");
  options.batch.bytes = flags.bytes("store-batch-bytes");
  options.max_age = flags.duration("store-batch-age");
  return options;
}

}  // namespace m8::store
