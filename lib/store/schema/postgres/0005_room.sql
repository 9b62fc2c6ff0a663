R"sql(
-- An issue that is found again is written anew: with room for that on its page no index is touched,
-- and what it was is cleared away without a VACUUM.
ALTER TABLE issue SET (fillfactor = 50);
)sql"
