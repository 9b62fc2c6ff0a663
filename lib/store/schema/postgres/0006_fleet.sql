R"sql(
-- The same as in SQLite: see there.

CREATE TABLE fleet_run (
  run   bigint PRIMARY KEY,
  state bigint NOT NULL DEFAULT 0,
  rate  bigint NOT NULL DEFAULT 0,
  turns bigint NOT NULL DEFAULT 0
);
CREATE TABLE fleet_job (
  run      bigint NOT NULL,
  number   bigint NOT NULL,
  digest   text COLLATE "C" NOT NULL,
  state    bigint NOT NULL DEFAULT 0,
  attempts bigint NOT NULL DEFAULT 0,
  deaths   bigint NOT NULL DEFAULT 0,
  worker   text COLLATE "C" NOT NULL DEFAULT '',
  alone    bigint NOT NULL DEFAULT 0,
  share    bigint NOT NULL DEFAULT 0,
  reason   text NOT NULL DEFAULT '',
  PRIMARY KEY (run, number)
) WITH (fillfactor = 70);
CREATE INDEX fleet_job_ended ON fleet_job (run, number) WHERE state IN (2, 3);
CREATE INDEX fleet_job_running ON fleet_job (run) WHERE state = 1;
CREATE TABLE fleet_result (
  run    bigint NOT NULL,
  number bigint NOT NULL,
  part   bigint NOT NULL,
  lines  text NOT NULL,
  PRIMARY KEY (run, number, part)
);
CREATE TABLE fleet_host (
  host   bigint PRIMARY KEY,
  run    bigint NOT NULL,
  number bigint NOT NULL,
  worker text COLLATE "C" NOT NULL
);
CREATE INDEX fleet_host_job ON fleet_host (run, number);
CREATE TABLE fleet_worker (
  id      text COLLATE "C" PRIMARY KEY,
  beat    bigint NOT NULL DEFAULT 0,
  slots   bigint NOT NULL,
  running bigint NOT NULL DEFAULT 0,
  process text NOT NULL,
  started bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE fleet_bundle (
  hash  text COLLATE "C" PRIMARY KEY,
  parts bigint NOT NULL,
  used  bigint NOT NULL
);
CREATE TABLE fleet_bundle_part (
  hash text COLLATE "C" NOT NULL,
  part bigint NOT NULL,
  data text NOT NULL,
  PRIMARY KEY (hash, part)
);
)sql"
