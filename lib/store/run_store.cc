#include "store/run_store.h"

#include "base/process.h"
#include "store/chosen_store.h"

namespace m8::store {

namespace {

/// Takes the password out of the command line as it is remembered.
void hide(const std::string& url, std::string& arguments) {
  for (std::size_t at = 0; (at = arguments.find(url, at)) != arguments.npos;)
    arguments.replace(at, url.size(), shown_url(url));
}

}  // namespace

Result<std::unique_ptr<RunStore>> RunStore::open(const cli::Values& flags, model::Run& run) {
  if (flags.on("no-store")) return std::unique_ptr<RunStore>();
  std::unique_ptr<RunStore> made(
      new RunStore(shown_url(chosen_url(flags)), M8_TRY(open_chosen(flags, {}))));
  if (const std::string url = flags.text("store"); made->url_ != url) hide(url, run.arguments);
  run.id = M8_TRY(made->store_->begin_run(run));
  made->sink_ = std::make_unique<StoreSink>(*made->store_, run.id, sink_options(flags));
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
