-- When all access tokens of the account were last cut off, by a change or by its deactivation. What
-- was issued up to then does not count, even if it was written later, but for the token that was
-- kept.
ALTER TABLE accounts ADD COLUMN valid_after BIGINT;
ALTER TABLE accounts ADD COLUMN kept_token TEXT;
