/// asmm8 enum --distributed: domains and parts of the word list are jobs, and workers do them.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "cli/flag.h"
#include "enum_outputs.h"
#include "fleet/flags.h"
#include "model/run.h"
#include "net/name.h"

namespace m8::asmm8 {

class DistributedEnum final : private model::Sink {
 public:
  struct Words {
    std::uint64_t count = 0;  ///< of the list, masks included; 0 if it is not known
    std::string file;         ///< where stdin was kept, if the list was read from there
  };
  /// All are borrowed, but the words.
  DistributedEnum(const cli::Context& context, const std::vector<net::Name>& domains, Words words,
                  Clock& clock)
      : context_(context), domains_(domains), words_(std::move(words)), clock_(clock) {}

  /// Reads what travels: errors of flags that can't, and of files.
  Status prepare(const std::vector<cli::Flag>& flags);
  /// The enumeration; kCancelled after a stop, errors of broker and store.
  Status run(Outputs& outputs, std::int64_t run, std::stop_token stop);
  /// Counts what the workers did. The exit code that it means.
  int conclude(model::Run& run) const;

 private:
  Status hostname(const model::Hostname& record) override;
  Status endpoint(const model::Endpoint& record) override;
  Status outcome(const model::Outcome& record) override { return outputs_->all.outcome(record); }
  Status flush() override { return outputs_->all.flush(); }
  fleet::CutOptions cut_options(int slots) const;

  const cli::Context& context_;
  const std::vector<net::Name>& domains_;
  const Words words_;
  Clock& clock_;
  fleet::Bundle bundle_;
  fleet::Job model_;
  Outputs* outputs_ = nullptr;
  fleet::SubmitProgress progress_;
  /// What was given on: parts of a list find the same names.
  std::unordered_set<std::string, SeededHash, std::equal_to<>> seen_;
};

}  // namespace m8::asmm8
