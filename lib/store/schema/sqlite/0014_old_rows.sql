R"sql(
-- What pruning looks for: few rows, or old ones.
CREATE INDEX issue_gone ON issue (gone) WHERE gone > 0;
CREATE INDEX endpoint_dead ON endpoint (url) WHERE NOT live;
CREATE INDEX hostname_dead ON hostname (changed) WHERE NOT live;
CREATE INDEX hostname_change_at ON hostname_change (at);
CREATE INDEX outbox_ended ON outbox (created) WHERE state <> 'waiting';
CREATE INDEX run_started ON run (started);
)sql"
