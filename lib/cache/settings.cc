#include "cache/settings.h"

#include "cache/files.h"
#include "cli/environment.h"

namespace m8::cache {
namespace {

using namespace std::chrono_literals;

cli::Flag cache_url() {
  cli::Flag url;
  url.name = "cache-url";
  url.argument = "URL";
  url.section = "Cache";
  url.brief = "share what is kept through a Redis: redis://HOST:PORT/DB or unix:PATH";
  url.detail =
      "Answers of resolvers and of passive sources, and what a target answered, are then common to "
      "all who name the same Redis; whenever it is slow or gone, the work goes on without it. "
      "redis://[USER:]PASSWORD@HOST:PORT/DB; the password is better kept out of the command line: "
      "in the config file or in $M8_CACHE_URL. rediss:// is refused: Debian's hiredis has no TLS.";
  url.type = cli::ValueType::url();
  url.key = "cache.url";
  return url;
}

}  // namespace

std::vector<cli::Flag> cache_settings() {
  return {
      cache_url(),
      cli::setting("cache.memory", "SIZE", cli::ValueType::size(64 << 10, 1LL << 34), "32M",
                   "memory for what is kept in this process"),
      cli::setting("cache.timeout", "TIME", cli::ValueType::duration(1ms, 1min), "100ms",
                   "a Redis that takes longer to answer counts as one that has nothing"),
      cli::setting("cache.connect_timeout", "TIME", cli::ValueType::duration(1ms, 1min), "2s",
                   "wait for a connection to Redis and its login"),
  };
}

BackendOptions backend_options(const cli::Values& flags) {
  BackendOptions options;
  options.memory_bytes = flags.bytes("cache-memory");
  options.timeout = flags.duration("cache-timeout");
  options.connect_timeout = flags.duration("cache-connect-timeout");
  return options;
}

Result<std::unique_ptr<Backend>> open_chosen(const cli::Values& flags) {
  const std::string url = flags.text("cache-url");
  if (url.empty()) return std::unique_ptr<Backend>();
  return open_backend(url, backend_options(flags), SystemClock::instance());
}

std::string files_folder() {
  const std::string home = cli::cache_home();
  return home.empty() ? home : home + "/m8";
}

Result<std::unique_ptr<Backend>> open_lasting(const cli::Values& flags) {
  auto chosen = M8_TRY(open_chosen(flags));
  const std::string folder = files_folder();
  if (chosen || folder.empty()) return chosen;
  return std::unique_ptr<Backend>(std::make_unique<Files>(Files::Options{.folder = folder}));
}

}  // namespace m8::cache
