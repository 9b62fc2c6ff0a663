R"sql(
-- One a line, with its version: "Nginx:1.22.1".
ALTER TABLE endpoint ADD COLUMN technologies TEXT NOT NULL DEFAULT '';
)sql"
