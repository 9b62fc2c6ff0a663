#include "store/run_store.h"

#include "base/process.h"
#include "cli/environment.h"

namespace m8::store {

std::vector<cli::Flag> store_flags() {
  cli::Flag url;
  url.name = "store";
  url.argument = "URL";
  url.section = "Store";
  url.brief = "where to keep what was found";
  url.detail = "sqlite:PATH; without it the database m8/m8.db under $XDG_DATA_HOME.";
  url.common = true;
  url.type = cli::ValueType::url();
  url.key = "store.url";
  url.aliases = {"store-url"};
  cli::Flag none;
  none.name = "no-store";
  none.section = "Store";
  none.brief = "keep nothing";
  none.common = true;
  return {url, none};
}

Result<std::unique_ptr<RunStore>> RunStore::open(const cli::Values& flags, model::Run& run) {
  if (flags.on("no-store")) return std::unique_ptr<RunStore>();
  std::string url = flags.text("store");
  const bool ours = url.empty();
  if (ours) {
    url = default_store_url(cli::data_home());
  }
  auto opened = M8_TRY(open_store(url, {.create_parents = ours}));
  std::unique_ptr<RunStore> made(new RunStore(std::move(url), std::move(opened)));
  run.id = M8_TRY(made->store_->begin_run(run));
  made->sink_ = std::make_unique<StoreSink>(*made->store_, run.id);
  return made;
}

Status RunStore::end(model::Run run) {
  const Status flushed = sink_->flush();
  const ProcessUsage usage = process_usage();
  run.counts["peak_rss_bytes"] = usage.peak_rss_bytes;
  run.counts["cpu_ms"] = static_cast<std::uint64_t>(usage.cpu().count() / 1000);
  const Status ended = store_->end_run(run);
  return flushed.ok() ? ended : flushed;
}

}  // namespace m8::store
