-- Tenants, workspaces and clients that were made while the server ran; see store.Registry.
CREATE TABLE registrations (
    kind     TEXT   NOT NULL,
    parent   TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    document TEXT   NOT NULL,
    disabled BIGINT NOT NULL,
    deleted  BIGINT NOT NULL,
    used     BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    updated  BIGINT NOT NULL,
    PRIMARY KEY (kind, parent, name)
);
CREATE UNIQUE INDEX registrations_revision ON registrations (revision);
CREATE INDEX registrations_deleted ON registrations (updated) WHERE deleted = 1;

-- One row: the revision of the last change.
CREATE TABLE registry_revision (
    one      BIGINT PRIMARY KEY,
    revision BIGINT NOT NULL
);
INSERT INTO registry_revision (one, revision) VALUES (1, 0);
