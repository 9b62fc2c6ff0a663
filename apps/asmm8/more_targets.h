/// MoreTargets: names that answers mention, to be probed too (-tls-probe, -csp-probe).
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "model/endpoint.h"
#include "model/target_reader.h"

namespace m8::asmm8 {

/// Thread-safe.
class MoreTargets {
 public:
  MoreTargets(bool certificates, bool policies)
      : certificates_(certificates), policies_(policies) {}

  /// Takes the names of \p record's certificate and content policies, as far as they are wanted:
  /// each once, "*." taken off.
  void learn(const model::Endpoint& record);
  /// The next of them, else what \p reader gives, which counts as known from then on.
  Result<std::optional<model::TargetSpec>> next(model::TargetReader& reader, std::stop_token stop);
  /// None waits.
  bool empty() const;

 private:
  void offer(std::string_view name);

  const bool certificates_, policies_;
  mutable std::mutex mutex_;
  model::SeenSet seen_{4u << 20};          ///< guarded by mutex_
  std::deque<model::TargetSpec> waiting_;  ///< guarded by mutex_
};

}  // namespace m8::asmm8
