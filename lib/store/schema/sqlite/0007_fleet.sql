R"sql(
-- Runs that are cut into jobs for workers. state: 0 goes on, 1 cancelled. rate: thousandths of
-- requests a second of all workers together, 0 without a limit; turns: written by whoever takes a
-- share of it, so that they take turns.
CREATE TABLE fleet_run (
  run   INTEGER PRIMARY KEY,
  state INTEGER NOT NULL DEFAULT 0,
  rate  INTEGER NOT NULL DEFAULT 0,
  turns INTEGER NOT NULL DEFAULT 0
) STRICT;
-- state: 0 waits, 1 started, 2 done, 3 given up, 4 done and its results taken. attempts: how often
-- it was started; deaths: how often it took its worker or its program with it while it ran alone.
CREATE TABLE fleet_job (
  run      INTEGER NOT NULL,
  number   INTEGER NOT NULL,
  digest   TEXT NOT NULL,
  state    INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  deaths   INTEGER NOT NULL DEFAULT 0,
  worker   TEXT NOT NULL DEFAULT '',
  alone    INTEGER NOT NULL DEFAULT 0,
  share    INTEGER NOT NULL DEFAULT 0,
  reason   TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX fleet_job_ended ON fleet_job (run, number) WHERE state IN (2, 3);
CREATE INDEX fleet_job_running ON fleet_job (run) WHERE state = 1;
CREATE TABLE fleet_result (
  run    INTEGER NOT NULL,
  number INTEGER NOT NULL,
  part   INTEGER NOT NULL,
  lines  TEXT NOT NULL,
  PRIMARY KEY (run, number, part)
) STRICT;
-- Hosts (hashes) that a job works on: no other job starts on them.
CREATE TABLE fleet_host (
  host   INTEGER PRIMARY KEY,
  run    INTEGER NOT NULL,
  number INTEGER NOT NULL,
  worker TEXT NOT NULL
) STRICT;
CREATE INDEX fleet_host_job ON fleet_host (run, number);
-- A worker counts beat up as long as it lives; who does not see it rise for long removes the row,
-- and with it the worker's claim on its jobs. No clock of one machine is compared with another's.
CREATE TABLE fleet_worker (
  id      TEXT NOT NULL PRIMARY KEY,
  beat    INTEGER NOT NULL DEFAULT 0,
  slots   INTEGER NOT NULL,
  running INTEGER NOT NULL DEFAULT 0,
  process TEXT NOT NULL,
  started INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- Templates and lists by the SHA-256 of their archive, in parts (base64).
CREATE TABLE fleet_bundle (
  hash  TEXT NOT NULL PRIMARY KEY,
  parts INTEGER NOT NULL,
  used  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE fleet_bundle_part (
  hash TEXT NOT NULL,
  part INTEGER NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (hash, part)
) STRICT;
)sql"
