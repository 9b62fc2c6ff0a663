#include "store/slow_query.h"

#include "base/log.h"
#include "store/store_metrics.h"

namespace m8::store {

SlowQuery::~SlowQuery() {
  const auto taken = clock_.now() - started_;
  count_statement(sql_, taken);
  if (threshold_.count() == 0 || taken < threshold_) return;
  log::get("store")->info("slow query ms={} sql=\"{}\"",
                          std::chrono::floor<std::chrono::milliseconds>(taken).count(), sql_);
}

}  // namespace m8::store
