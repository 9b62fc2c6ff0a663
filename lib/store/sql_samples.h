/// SqlSamples: samples and alerts over any SQL database.
#pragma once

#include "store/queries.h"
#include "store/query.h"
#include "store/samples.h"

namespace m8::store {

class SqlSamples final : public Samples {
 public:
  /// \p statements is borrowed.
  explicit SqlSamples(Statements& statements) : sql_(statements) {}

  Status add_sample(const MetricSample& sample) override;
  Status for_each_sample(WallTime since,
                         const std::function<Status(const MetricSample&)>& each) override;
  Result<std::map<std::string, AlertMemory>> alerts() override;
  Status set_alerts(const std::map<std::string, AlertMemory>& alerts) override;

 private:
  Status change(const Query& query);

  Statements& sql_;
};

/// The queries of the above, for the check of plans.
std::vector<Sample> samples_queries();

}  // namespace m8::store
