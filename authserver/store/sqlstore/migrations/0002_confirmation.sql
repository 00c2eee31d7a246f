-- The key that a token is bound to (RFC 7800), as JSON; empty when it is bound to none.
ALTER TABLE refresh_tokens ADD COLUMN confirmation TEXT NOT NULL DEFAULT '';
ALTER TABLE access_tokens ADD COLUMN confirmation TEXT NOT NULL DEFAULT '';
