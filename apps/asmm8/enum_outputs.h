/// Where the records of asmm8 enum go: screen, file, store, and the counts of what failed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/flag.h"
#include "enum_inventory.h"
#include "fleet/records.h"
#include "model/run.h"
#include "model/sink.h"
#include "net/name.h"
#include "output/stream.h"
#include "output/writer.h"
#include "store/run_store.h"

namespace m8::asmm8 {

/// Counts failures by reason; each is told on stderr with -v, those of the domains always.
class FailureLog final : public model::Sink {
 public:
  explicit FailureLog(const std::vector<net::Name>& domains);

  Status outcome(const model::Outcome& outcome) override;

  const std::map<std::string, std::uint64_t>& reasons() const { return reasons_; }
  /// "timeout 12, SERVFAIL 3".
  std::string to_string() const;

 private:
  std::set<std::string> domains_;
  std::map<std::string, std::uint64_t> reasons_;  // one thread calls: the engine's
};

/// The places where records go.
struct Outputs {
  std::unique_ptr<output::Writer> screen, file;
  std::unique_ptr<output::Stream> lines;  ///< of a job of a worker; null: it is none
  std::unique_ptr<fleet::RecordLines> records;
  std::unique_ptr<store::RunStore> store;
  FailureLog failures;
  model::FanOut readers;  ///< screen and file
  ShownNames shown{readers};
  model::FanOut all;

  explicit Outputs(const std::vector<net::Name>& domains) : failures(domains) {}

  /// Whether anybody still takes records.
  bool wanted() const {
    if (lines) return !lines->closed();
    return !screen->closed() || file || store;
  }
};

/// Opens what the flags ask for; \p run gets its id from the store. Errors of files and of the
/// store.
Status open_outputs(const cli::Values& flags, const store::Continuation& continuation,
                    model::Run& run, Outputs& outputs, std::stop_token stop);

}  // namespace m8::asmm8
