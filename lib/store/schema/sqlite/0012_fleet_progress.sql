R"sql(
-- How a job that is under way goes on (requests, names), and what tells one that kills its workers
-- from bad luck: losses counts the jobs of a run that lost their worker; that of a job is what it
-- was when the job was begun.
ALTER TABLE fleet_job ADD COLUMN progress INTEGER NOT NULL DEFAULT 0;
ALTER TABLE fleet_job ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE fleet_run ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;
)sql"
