R"sql(
-- The same as in SQLite: see there.
ALTER TABLE fleet_job ADD COLUMN progress bigint NOT NULL DEFAULT 0;
ALTER TABLE fleet_job ADD COLUMN losses bigint NOT NULL DEFAULT 0;
ALTER TABLE fleet_run ADD COLUMN losses bigint NOT NULL DEFAULT 0;
)sql"
