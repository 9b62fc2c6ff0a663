R"sql(
-- As all texts: one that compares in the order of the database can't be looked up in the index by
-- the templates of a run, which compare by bytes. Only the index is made anew.
ALTER TABLE issue ALTER COLUMN template_id TYPE text COLLATE "C";
)sql"
