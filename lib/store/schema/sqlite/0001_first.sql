R"sql(
-- Times are milliseconds since 1970 in UTC. first_run and last_run name the runs that saw a row
-- first and last. Lists (sources, addresses) are words separated by one space.
--
-- hostname has a rowid on purpose: names come in no order, and so an upsert of known names reads a
-- small index and writes rows that lie together, instead of pages all over the table.

CREATE TABLE run (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  command   TEXT NOT NULL,
  arguments TEXT NOT NULL,
  version   TEXT NOT NULL,
  started   INTEGER NOT NULL,
  ended     INTEGER NOT NULL,
  status    TEXT NOT NULL,
  counts    TEXT NOT NULL            -- JSON object
) STRICT;

CREATE TABLE domain (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  enabled    INTEGER NOT NULL,
  first_seen INTEGER NOT NULL
) STRICT;
CREATE INDEX domain_enabled ON domain (id) WHERE enabled;

CREATE TABLE hostname (
  id         INTEGER PRIMARY KEY,
  domain_id  INTEGER NOT NULL REFERENCES domain (id) ON DELETE CASCADE,
  hostname   TEXT NOT NULL,
  sources    TEXT NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  first_run  INTEGER NOT NULL,
  last_run   INTEGER NOT NULL,
  a          TEXT NOT NULL,
  aaaa       TEXT NOT NULL,
  cname      TEXT NOT NULL,
  resolver   TEXT NOT NULL,
  wildcard   TEXT NOT NULL,
  live       INTEGER NOT NULL,
  UNIQUE (domain_id, hostname)
) STRICT;

CREATE TABLE endpoint (
  url        TEXT NOT NULL PRIMARY KEY,
  hostname   TEXT NOT NULL,
  ip         TEXT NOT NULL,
  port       INTEGER NOT NULL,
  status     INTEGER NOT NULL,
  title      TEXT NOT NULL,
  server     TEXT NOT NULL,
  live       INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  first_run  INTEGER NOT NULL,
  last_run   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoint_hostname ON endpoint (hostname);

CREATE TABLE issue (
  id          INTEGER PRIMARY KEY,
  signature   TEXT NOT NULL UNIQUE,
  template_id TEXT NOT NULL,
  name        TEXT NOT NULL,
  matcher     TEXT NOT NULL,
  severity    INTEGER NOT NULL,      -- 0 unknown ... 5 critical
  host        TEXT NOT NULL,
  matched_at  TEXT NOT NULL,
  tags        TEXT NOT NULL,
  status      TEXT NOT NULL CHECK (status IN ('U', 'V', 'I', 'F', 'R')),
  first_seen  INTEGER NOT NULL,
  last_seen   INTEGER NOT NULL,
  first_run   INTEGER NOT NULL,
  last_run    INTEGER NOT NULL,
  event       TEXT NOT NULL          -- JSON event of the last sighting
) STRICT;
CREATE INDEX issue_host ON issue (host);
CREATE INDEX issue_severity ON issue (severity, status);
)sql"
