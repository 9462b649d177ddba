-- Tickets, first migration; applied to the records database (durable kinds) and, where the store
-- is embedded, to the tickets database (kinds that may be lost when the machine loses power).

CREATE TABLE tickets (
    kind TEXT NOT NULL, digest BYTEA NOT NULL, value BYTEA NOT NULL, until_ms BIGINT NOT NULL,
    takes BIGINT NOT NULL, PRIMARY KEY (kind, digest)
);
CREATE INDEX tickets_expiry ON tickets (until_ms);
CREATE TABLE counters (
    kind TEXT NOT NULL, digest BYTEA NOT NULL, count BIGINT NOT NULL, until_ms BIGINT NOT NULL,
    PRIMARY KEY (kind, digest)
);
CREATE INDEX counters_expiry ON counters (until_ms);
