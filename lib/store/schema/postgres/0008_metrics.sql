R"sql(
-- The same as in SQLite: see there.
CREATE TABLE metric_sample (
  process text COLLATE "C" NOT NULL,
  at      bigint NOT NULL,
  body    text NOT NULL,
  PRIMARY KEY (process, at)
);
CREATE INDEX metric_sample_at ON metric_sample (at);

CREATE TABLE alert_state (
  name  text COLLATE "C" PRIMARY KEY,
  level bigint NOT NULL,
  since bigint NOT NULL,
  told  bigint NOT NULL
);
)sql"
