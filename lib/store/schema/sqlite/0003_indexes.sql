R"sql(
-- For every filter of domains, issues and runs.
DROP INDEX domain_enabled;
CREATE INDEX domain_enabled ON domain (name) WHERE enabled;
CREATE INDEX issue_template ON issue (template_id);
CREATE INDEX issue_status ON issue (status);
CREATE INDEX issue_first_seen ON issue (first_seen);
CREATE INDEX run_command ON run (command);
)sql"
