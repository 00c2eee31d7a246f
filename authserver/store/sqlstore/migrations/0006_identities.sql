-- Which accounts the users of upstream providers have, by issuer and subject and nothing else.
CREATE TABLE identities (
    workspace   TEXT   NOT NULL,
    issuer      TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    account     TEXT   NOT NULL,
    provisioned BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    PRIMARY KEY (workspace, issuer, subject)
);
CREATE INDEX identities_account ON identities (workspace, account);
