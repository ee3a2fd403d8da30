-- What was done to a password before it was hashed: 'none' for as it was received, 'nfc' for Unicode's
-- Normalisation Form C. And the id of the pepper key that the hash names, so that it can be found out
-- at once which keys are needed. Of a mapped table's hash both are those of the fingerprint.
ALTER TABLE credentials ADD COLUMN normalisation TEXT NOT NULL DEFAULT 'none';
ALTER TABLE credentials ADD COLUMN pepper TEXT;
CREATE INDEX credentials_by_pepper ON credentials (pepper) WHERE pepper IS NOT NULL;
ALTER TABLE password_history ADD COLUMN normalisation TEXT NOT NULL DEFAULT 'none';
ALTER TABLE password_history ADD COLUMN pepper TEXT;
CREATE INDEX password_history_by_pepper ON password_history (pepper) WHERE pepper IS NOT NULL;
