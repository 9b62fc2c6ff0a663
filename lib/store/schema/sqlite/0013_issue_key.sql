R"sql(
-- An issue is found by a piece of its signature: an index of the whole of it is five times as
-- large, and most of the work of storing an issue. Who writes issues looks for the signature
-- itself among those few. The event, which is long, comes last, so that nothing lies behind it.
DROP TRIGGER issue_changed;
ALTER TABLE issue RENAME TO issue_before;
CREATE TABLE issue (
  id          INTEGER PRIMARY KEY,
  signature   TEXT NOT NULL,
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
  target      TEXT NOT NULL DEFAULT '',
  gone        INTEGER NOT NULL DEFAULT 0,
  missed      INTEGER NOT NULL DEFAULT 0,
  missed_run  INTEGER NOT NULL DEFAULT 0,
  by_at       INTEGER NOT NULL DEFAULT 0,
  by_run      INTEGER NOT NULL DEFAULT 0,
  by_author   TEXT NOT NULL DEFAULT '',
  by_note     TEXT NOT NULL DEFAULT '',
  event       TEXT NOT NULL          -- JSON event of the last sighting
) STRICT;
INSERT INTO issue (id, signature, template_id, name, matcher, severity, host, matched_at, tags,
                   status, first_seen, last_seen, first_run, last_run, target, gone, missed,
                   missed_run, by_at, by_run, by_author, by_note, event)
SELECT id, signature, template_id, name, matcher, severity, host, matched_at, tags, status,
       first_seen, last_seen, first_run, last_run, target, gone, missed, missed_run, by_at, by_run,
       by_author, by_note, event
FROM issue_before ORDER BY id;
DROP TABLE issue_before;
CREATE INDEX issue_key ON issue (substr(signature, 3, 12));
CREATE INDEX issue_host ON issue (host);
CREATE INDEX issue_template ON issue (template_id);
CREATE INDEX issue_first_seen ON issue (first_seen);
CREATE INDEX issue_status ON issue (status) WHERE status <> 'U';
CREATE INDEX issue_severity ON issue (severity) WHERE severity >= 3;
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
)sql"
