-- What users have besides their password: passkeys and authenticator apps, and the recovery codes that stand in for them. The
-- credential of an authenticator app is its secret, sealed; a recovery code is there until it is used.
CREATE TABLE factors (
    workspace  TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    credential BYTEA  NOT NULL,
    counter    BIGINT NOT NULL,
    created    BIGINT NOT NULL,
    used       BIGINT NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX factors_subject ON factors (workspace, subject);

CREATE TABLE recovery_codes (
    workspace TEXT  NOT NULL,
    subject   TEXT  NOT NULL,
    code_hash BYTEA NOT NULL,
    PRIMARY KEY (workspace, subject, code_hash)
);
