/// RunStore: the store of a run, as --store and --no-store say.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/flag.h"
#include "model/run.h"
#include "model/sink.h"
#include "store/settings.h"
#include "store/store.h"
#include "store/store_sink.h"

namespace m8::store {

class RunStore {
 public:
  /// Opens the store that --store names, else the default one of this user, and begins \p run in
  /// it, giving it its id; a password in its arguments is hidden. Null with --no-store. Errors of
  /// open_store() and begin_run(). REQUIRES: store_flags() were declared.
  static Result<std::unique_ptr<RunStore>> open(const cli::Values& flags, model::Run& run);

  /// Where the records are, without a password: for the last line that a person reads.
  const std::string& url() const { return url_; }

  /// Keeps records; lives as long as this.
  model::Sink& sink() { return *sink_; }
  /// Records that were given to sink() and are not stored, after a flush() that failed.
  std::uint64_t unwritten() const { return sink_->unwritten(); }
  /// Writes what is left and the end of \p run, with what it cost this process among its counts:
  /// peak_rss_bytes, cpu_ms.
  Status end(model::Run run);

 private:
  RunStore(std::string url, std::unique_ptr<Store> store)
      : url_(std::move(url)), store_(std::move(store)) {}
  std::string url_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreSink> sink_;
};

}  // namespace m8::store
