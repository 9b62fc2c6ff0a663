#include "store/sql_samples.h"

#include "store/columns.h"

namespace m8::store {
namespace {

Query insert_sample(const MetricSample& sample) {
  return {
      "INSERT INTO metric_sample (process, at, body) VALUES ($1, $2, $3)"
      " ON CONFLICT (process, at) DO NOTHING",
      {sample.process, to_millis(sample.at), sample.body}};
}

Query delete_samples(WallTime before) {
  return {"DELETE FROM metric_sample WHERE at < $1", {to_millis(before)}};
}

Query select_samples(WallTime since) {
  return {"SELECT process, at, body FROM metric_sample WHERE at >= $1 ORDER BY process, at",
          {to_millis(since)}};
}

Query select_alerts() { return {"SELECT name, level, since, told FROM alert_state", {}}; }

Query delete_alerts() { return {"DELETE FROM alert_state", {}}; }

Query insert_alert(const std::string& name, const AlertMemory& alert) {
  return {
      "INSERT INTO alert_state (name, level, since, told) VALUES ($1, $2, $3, $4)"
      " ON CONFLICT (name) DO UPDATE SET level = excluded.level, since = excluded.since,"
      " told = excluded.told",
      {name, alert.level, to_millis(alert.since), alert.told}};
}

}  // namespace

Status SqlSamples::change(const Query& query) {
  const auto changed = sql_.run(query, [](const Row&) { return Status(); });
  sql_.wrote();
  return changed.ok() ? Status() : Status(changed.error());
}

Status SqlSamples::add_sample(const MetricSample& sample) {
  M8_TRY(change(insert_sample(sample)));
  return change(delete_samples(sample.at - kKept));
}

Status SqlSamples::for_each_sample(WallTime since,
                                   const std::function<Status(const MetricSample&)>& each) {
  return sql_.stream(select_samples(since), [&each](const Row& row) {
    return each({std::string(row.text(0)), from_millis(row.integer(1)), std::string(row.text(2))});
  });
}

Result<std::map<std::string, AlertMemory>> SqlSamples::alerts() {
  std::map<std::string, AlertMemory> all;
  M8_TRY(sql_.stream(select_alerts(), [&all](const Row& row) {
    all[std::string(row.text(0))] = {static_cast<int>(row.integer(1)), from_millis(row.integer(2)),
                                     static_cast<int>(row.integer(3))};
    return Status();
  }));
  return all;
}

Status SqlSamples::set_alerts(const std::map<std::string, AlertMemory>& alerts) {
  // A check that is killed in between forgets since when some were on; the next sets it anew.
  M8_TRY(change(delete_alerts()));
  for (const auto& [name, alert] : alerts) M8_TRY(change(insert_alert(name, alert)));
  return {};
}

std::vector<Sample> samples_queries() {
  return {
      {"add a sample of metrics", insert_sample({})},
      {"forget samples of metrics", delete_samples({})},
      {"samples of metrics since", select_samples({}), false, true},
      {"alerts", select_alerts(), true, true},
      {"forget alerts", delete_alerts(), true},
      {"keep an alert", insert_alert("x", {})},
  };
}

}  // namespace m8::store
