/// RunStore: the store of a run, as --store and --no-store say.
#pragma once

#include <memory>
#include <vector>

#include "cli/flag.h"
#include "model/run.h"
#include "model/sink.h"
#include "store/store.h"
#include "store/store_sink.h"

namespace m8::num8 {

/// --store URL, --no-store.
std::vector<cli::Flag> store_flags();

class RunStore {
 public:
  /// Opens the store and begins \p run in it, giving it its id. Null with --no-store. Errors of
  /// open_store() and begin_run().
  static Result<std::unique_ptr<RunStore>> open(const cli::Values& flags, model::Run& run);

  /// Keeps records; lives as long as this.
  model::Sink& sink() { return *sink_; }
  /// Writes what is left and the end of \p run.
  Status end(const model::Run& run);

 private:
  explicit RunStore(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::StoreSink> sink_;
};

}  // namespace m8::num8
