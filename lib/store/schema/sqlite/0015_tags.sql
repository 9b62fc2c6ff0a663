R"sql(
-- Which templates bear a tag, or once did: the way to the issues that have it.
CREATE TABLE issue_tag (
  tag         TEXT NOT NULL,
  template_id TEXT NOT NULL,
  PRIMARY KEY (tag, template_id)
) STRICT, WITHOUT ROWID;
WITH RECURSIVE piece (template_id, tag, rest) AS (
  SELECT DISTINCT template_id, '', tags || ',' FROM issue
  UNION ALL
  SELECT template_id, substr(rest, 1, instr(rest, ',') - 1), substr(rest, instr(rest, ',') + 1)
  FROM piece WHERE rest <> ''
)
INSERT INTO issue_tag (tag, template_id)
SELECT DISTINCT tag, template_id FROM piece WHERE tag <> '';
)sql"
