-- One schema for SQLite and PostgreSQL. Instants are milliseconds since 1970, 0 when not known. Lists are JSON or, for scopes,
-- separated by spaces. Primary keys end in time-ordered ids, so that they grow at their end; expiry is a range delete.

CREATE TABLE pushed_requests (
    workspace  TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    client_id  TEXT   NOT NULL,
    parameters TEXT   NOT NULL,
    dpop_jkt   TEXT   NOT NULL,
    expires    BIGINT NOT NULL,
    used       BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX pushed_requests_expires ON pushed_requests (expires);

CREATE TABLE interactions (
    workspace   TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    secret_hash BYTEA  NOT NULL,
    state       TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    used        BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX interactions_expires ON interactions (expires);

CREATE TABLE grants (
    workspace    TEXT   NOT NULL,
    id           TEXT   NOT NULL,
    client_id    TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    session_id   TEXT   NOT NULL,
    sid          TEXT   NOT NULL,
    scopes       TEXT   NOT NULL,
    resources    TEXT   NOT NULL,
    claims       TEXT   NOT NULL,
    auth_time    BIGINT NOT NULL,
    acr          TEXT   NOT NULL,
    amr          TEXT   NOT NULL,
    confirmation TEXT   NOT NULL,
    offline      BIGINT NOT NULL,
    created      BIGINT NOT NULL,
    expires      BIGINT NOT NULL,
    revoked      BIGINT NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX grants_expires ON grants (expires);
CREATE INDEX grants_subject ON grants (workspace, subject) WHERE subject <> '';
CREATE INDEX grants_session ON grants (workspace, session_id) WHERE session_id <> '';

CREATE TABLE codes (
    workspace      TEXT   NOT NULL,
    id             TEXT   NOT NULL,
    secret_hash    BYTEA  NOT NULL,
    grant_id       TEXT   NOT NULL,
    client_id      TEXT   NOT NULL,
    redirect_uri   TEXT   NOT NULL,
    redirect_given BIGINT NOT NULL,
    code_challenge TEXT   NOT NULL,
    nonce          TEXT   NOT NULL,
    dpop_jkt       TEXT   NOT NULL,
    expires        BIGINT NOT NULL,
    used           BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX codes_expires ON codes (expires);

CREATE TABLE refresh_tokens (
    workspace   TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    secret_hash BYTEA  NOT NULL,
    grant_id    TEXT   NOT NULL,
    created     BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    rotated     BIGINT NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires);

CREATE TABLE access_tokens (
    workspace   TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    secret_hash BYTEA  NOT NULL,
    grant_id    TEXT   NOT NULL,
    scopes      TEXT   NOT NULL,
    audience    TEXT   NOT NULL,
    created     BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    revoked     BIGINT NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX access_tokens_expires ON access_tokens (expires);

CREATE TABLE sessions (
    workspace   TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    secret_hash BYTEA  NOT NULL,
    subject     TEXT   NOT NULL,
    auth_time   BIGINT NOT NULL,
    acr         TEXT   NOT NULL,
    amr         TEXT   NOT NULL,
    user_agent  TEXT   NOT NULL,
    created     BIGINT NOT NULL,
    seen        BIGINT NOT NULL,
    idle        BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX sessions_idle ON sessions (idle);
CREATE INDEX sessions_subject ON sessions (workspace, subject);

CREATE TABLE accounts (
    workspace     TEXT   NOT NULL,
    subject       TEXT   NOT NULL,
    username      TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    claims        TEXT   NOT NULL,
    disabled      BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    PRIMARY KEY (workspace, subject),
    UNIQUE (workspace, username)
);

CREATE TABLE consents (
    workspace TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    client_id TEXT   NOT NULL,
    scopes    TEXT   NOT NULL,
    given     BIGINT NOT NULL,
    PRIMARY KEY (workspace, subject, client_id)
);

CREATE TABLE signing_keys (
    workspace TEXT   NOT NULL,
    id        TEXT   NOT NULL,
    algorithm TEXT   NOT NULL,
    sealed    BYTEA  NOT NULL,
    created   BIGINT NOT NULL,
    active    BIGINT NOT NULL,
    retired   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    PRIMARY KEY (workspace, id)
);

CREATE TABLE used_values (
    workspace  TEXT   NOT NULL,
    purpose    TEXT   NOT NULL,
    value_hash BYTEA  NOT NULL,
    expires    BIGINT NOT NULL,
    PRIMARY KEY (workspace, purpose, value_hash)
);
CREATE INDEX used_values_expires ON used_values (expires);
