R"sql(
-- changed: when live or the records of a name last became others; 0 never. Each time, what was
-- before is kept, so that any two moments can be compared. (ON CONFLICT, not OR IGNORE: inside an
-- upsert the trigger's OR clause would be overruled.)

ALTER TABLE hostname ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

CREATE TABLE hostname_change (
  hostname_id INTEGER NOT NULL REFERENCES hostname (id) ON DELETE CASCADE,
  at          INTEGER NOT NULL,
  live        INTEGER NOT NULL,
  a           TEXT NOT NULL,
  aaaa        TEXT NOT NULL,
  cname       TEXT NOT NULL,
  PRIMARY KEY (hostname_id, at)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER hostname_changed AFTER UPDATE OF changed ON hostname
WHEN new.changed <> old.changed
BEGIN
  INSERT INTO hostname_change (hostname_id, at, live, a, aaaa, cname)
  VALUES (new.id, new.changed, old.live, old.a, old.aaaa, old.cname)
  ON CONFLICT DO NOTHING;
END;

-- Where a run that has not come to its end stands.
CREATE TABLE journal (
  run   INTEGER PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
  key   TEXT NOT NULL,
  state TEXT NOT NULL
) STRICT;
)sql"
