R"sql(
-- Which templates bear a tag, or once did: the way to the issues that have it.
CREATE TABLE issue_tag (
  tag         text COLLATE "C" NOT NULL,
  template_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (tag, template_id)
);
INSERT INTO issue_tag (tag, template_id)
SELECT DISTINCT piece, template_id FROM issue, unnest(string_to_array(tags, ',')) AS piece
WHERE piece <> '';
)sql"
