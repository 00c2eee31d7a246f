-- The token that a refresh token was rotated from, and whether a token that it was rotated to was rotated itself (RFC 9700 §4.14.2).
ALTER TABLE refresh_tokens ADD COLUMN parent TEXT NOT NULL DEFAULT '';
ALTER TABLE refresh_tokens ADD COLUMN succeeded BIGINT NOT NULL DEFAULT 0;
