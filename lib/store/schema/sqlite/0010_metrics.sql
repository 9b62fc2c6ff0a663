R"sql(
-- What processes exported at moments of their runs (metrics::kpi_lines()), for a day.
CREATE TABLE metric_sample (
  process TEXT NOT NULL,
  at      INTEGER NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (process, at)
) STRICT;
CREATE INDEX metric_sample_at ON metric_sample (at);

-- Alerts that are on. level, told: 1 warning, 2 critical; since: when it became that bad.
CREATE TABLE alert_state (
  name  TEXT NOT NULL PRIMARY KEY,
  level INTEGER NOT NULL,
  since INTEGER NOT NULL,
  told  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"
