R"sql(
-- The life of an issue. by_at, by_run, by_author and by_note tell who wrote the row last and why;
-- each time its state becomes another, what it was is kept with them. missed, missed_run: how many
-- runs in a row looked for it in vain, and the last of them.

ALTER TABLE issue ADD COLUMN target TEXT NOT NULL DEFAULT '';
ALTER TABLE issue ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issue ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issue ADD COLUMN missed_run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issue ADD COLUMN by_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issue ADD COLUMN by_run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE issue ADD COLUMN by_author TEXT NOT NULL DEFAULT '';
ALTER TABLE issue ADD COLUMN by_note TEXT NOT NULL DEFAULT '';

CREATE TABLE issue_change (
  id           INTEGER PRIMARY KEY,
  issue_id     INTEGER NOT NULL,
  at           INTEGER NOT NULL,
  run          INTEGER NOT NULL,
  author       TEXT NOT NULL,
  note         TEXT NOT NULL,
  status_was   TEXT NOT NULL,
  status       TEXT NOT NULL,
  severity_was INTEGER NOT NULL,
  severity     INTEGER NOT NULL,
  gone_was     INTEGER NOT NULL,
  gone         INTEGER NOT NULL
) STRICT;
CREATE INDEX issue_change_issue ON issue_change (issue_id, at);
CREATE INDEX issue_change_at ON issue_change (at, issue_id);

CREATE TRIGGER issue_changed AFTER UPDATE OF status, severity, gone ON issue
WHEN old.status <> new.status OR old.severity <> new.severity OR (old.gone > 0) <> (new.gone > 0)
BEGIN
  INSERT INTO issue_change (issue_id, at, run, author, note, status_was, status, severity_was,
                            severity, gone_was, gone)
  VALUES (new.id, new.by_at, new.by_run, new.by_author,
          CASE WHEN new.by_note <> '' OR new.by_author <> 'm8' THEN new.by_note
               WHEN old.gone > 0 OR old.status = 'R' THEN 'found again'
               ELSE 'severity changed' END,
          old.status, new.status, old.severity, new.severity, old.gone, new.gone);
END;

-- Nearly all issues are unreviewed and of low severity: only the others are worth an index.
DROP INDEX issue_status;
CREATE INDEX issue_status ON issue (status) WHERE status <> 'U';
DROP INDEX issue_severity;
CREATE INDEX issue_severity ON issue (severity) WHERE severity >= 3;

-- What a run that is under way has done, so that what it did not find can be called gone.
CREATE TABLE run_template (
  run         INTEGER NOT NULL,
  template_id TEXT NOT NULL,
  PRIMARY KEY (run, template_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE run_target (
  run    INTEGER NOT NULL,
  target TEXT NOT NULL,
  host   TEXT NOT NULL,
  PRIMARY KEY (run, target)
) STRICT, WITHOUT ROWID;
CREATE TABLE run_failure (
  run         INTEGER NOT NULL,
  target      TEXT NOT NULL,
  template_id TEXT NOT NULL,
  PRIMARY KEY (run, target, template_id)
) STRICT, WITHOUT ROWID;

-- Endpoints as hostnames: what was before a change is kept. certificate: four lines, fingerprint
-- (SHA-256), subject, issuer, end (milliseconds since 1970).
ALTER TABLE endpoint ADD COLUMN certificate TEXT NOT NULL DEFAULT '';
CREATE INDEX endpoint_first_seen ON endpoint (first_seen);
CREATE TABLE endpoint_change (
  url          TEXT NOT NULL,
  at           INTEGER NOT NULL,
  live         INTEGER NOT NULL,
  status       INTEGER NOT NULL,
  title        TEXT NOT NULL,
  server       TEXT NOT NULL,
  technologies TEXT NOT NULL,
  certificate  TEXT NOT NULL,
  PRIMARY KEY (url, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX endpoint_change_at ON endpoint_change (at);
CREATE TRIGGER endpoint_changed AFTER UPDATE ON endpoint
WHEN old.live <> new.live OR old.status <> new.status OR old.title <> new.title
  OR old.server <> new.server OR old.technologies <> new.technologies
  OR old.certificate <> new.certificate
BEGIN
  INSERT INTO endpoint_change (url, at, live, status, title, server, technologies, certificate)
  VALUES (new.url, new.last_seen, old.live, old.status, old.title, old.server, old.technologies,
          old.certificate)
  ON CONFLICT DO NOTHING;
END;

-- Messages on their way. key: what a message is about, so that it is never queued twice. due: not
-- before; claimed: a program is at it until then.
CREATE TABLE outbox (
  id       INTEGER PRIMARY KEY,
  channel  TEXT NOT NULL,
  key      TEXT NOT NULL,
  body     TEXT NOT NULL,
  created  INTEGER NOT NULL,
  due      INTEGER NOT NULL,
  claimed  INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  state    TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
  error    TEXT NOT NULL DEFAULT '',
  UNIQUE (channel, key)
) STRICT;
CREATE INDEX outbox_due ON outbox (due) WHERE state = 'waiting';

-- Up to which moment a channel was told.
CREATE TABLE told (
  channel TEXT NOT NULL PRIMARY KEY,
  until   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"
