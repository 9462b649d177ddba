-- What others signed about the status of certificates: lists of up to 128 MiB, and small answers.
CREATE TABLE certificate_status (
    key BYTEA PRIMARY KEY, kind TEXT NOT NULL, issuer BYTEA NOT NULL, address TEXT NOT NULL,
    fetched_ms BIGINT NOT NULL, this_update_ms BIGINT NOT NULL, until_ms BIGINT NOT NULL,
    body BYTEA NOT NULL
);
CREATE INDEX certificate_status_issuer ON certificate_status (issuer, key) WHERE kind = 'list';
CREATE INDEX certificate_status_until ON certificate_status (until_ms);
