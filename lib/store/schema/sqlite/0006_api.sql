R"sql(
-- Who may use the API: of a token's secret only its SHA-256 is kept. Times are milliseconds since
-- 1970; 0: never.

CREATE TABLE api_token (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  name      TEXT NOT NULL,
  digest    TEXT NOT NULL UNIQUE,
  scopes    TEXT NOT NULL,           -- words
  created   INTEGER NOT NULL,
  expires   INTEGER NOT NULL DEFAULT 0,
  last_used INTEGER NOT NULL DEFAULT 0,
  revoked   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX api_token_name ON api_token (name) WHERE revoked = 0;

-- What was asked for over the API, and what became of it.
CREATE TABLE api_scan (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  type    TEXT NOT NULL,
  target  TEXT NOT NULL,
  options TEXT NOT NULL,             -- JSON object
  owner   TEXT NOT NULL,             -- name of the token
  state   TEXT NOT NULL,
  created INTEGER NOT NULL,
  started INTEGER NOT NULL DEFAULT 0,
  ended   INTEGER NOT NULL DEFAULT 0,
  run     INTEGER NOT NULL DEFAULT 0,  -- that did it
  found   INTEGER NOT NULL DEFAULT 0,
  reason  TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX api_scan_open ON api_scan (id) WHERE state IN ('queued', 'running');
)sql"
