-- Records, first migration. One text for every engine: {identity} is the engine's own word for a
-- number that only grows. Each aggregate rests whole in `body` (JSON); the other columns are
-- derived from it when it is written, so that it can be found, except where a column is named
-- as the truth (sessions.ended_*, grants.state), because one statement must change many rows.

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until_ms BIGINT NOT NULL);

CREATE TABLE users (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, active BIGINT NOT NULL, sort_key TEXT NOT NULL,
    search TEXT NOT NULL, version BIGINT NOT NULL, body TEXT NOT NULL
);
-- Holds all that a listing filters by, so that walking it touches no account that is not shown.
CREATE INDEX users_listing ON users (sort_key, id, search, kind, active);
-- Unique for ever: rows are never removed, not even with their account.
CREATE TABLE user_identifiers (key TEXT PRIMARY KEY, user_id TEXT NOT NULL, released BIGINT NOT NULL);
CREATE INDEX user_identifiers_user ON user_identifiers (user_id);
CREATE TABLE user_external_identities (
    source TEXT NOT NULL, external_id TEXT NOT NULL, user_id TEXT NOT NULL,
    PRIMARY KEY (source, external_id)
);
CREATE INDEX user_external_identities_user ON user_external_identities (user_id);
CREATE TABLE user_positions (
    unit_id TEXT NOT NULL, user_id TEXT NOT NULL, position_id TEXT NOT NULL,
    from_ms BIGINT NOT NULL, until_ms BIGINT, PRIMARY KEY (unit_id, user_id, position_id)
);
CREATE INDEX user_positions_user ON user_positions (user_id, unit_id);
CREATE TABLE user_roles (role TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (role, user_id));
CREATE INDEX user_roles_user ON user_roles (user_id);
CREATE TABLE user_words (word TEXT NOT NULL, user_id TEXT NOT NULL, PRIMARY KEY (word, user_id));
CREATE INDEX user_words_user ON user_words (user_id);

CREATE TABLE credentials (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, lookup BYTEA UNIQUE, expires_ms BIGINT,
    version BIGINT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX credentials_user ON credentials (user_id);
CREATE INDEX credentials_expiry ON credentials (expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE units (id TEXT PRIMARY KEY, parent TEXT, version BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE unit_codes (code TEXT PRIMARY KEY, unit_id TEXT NOT NULL);
CREATE INDEX unit_codes_unit ON unit_codes (unit_id);
CREATE TABLE roles (name TEXT PRIMARY KEY, version BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE clients (
    issuer TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (issuer, id)
);
CREATE TABLE keys (
    issuer TEXT NOT NULL, kid TEXT NOT NULL, created_ms BIGINT NOT NULL,
    version BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (issuer, kid)
);
CREATE TABLE subjects (
    issuer TEXT NOT NULL, user_id TEXT NOT NULL, sector TEXT NOT NULL, sub TEXT NOT NULL,
    PRIMARY KEY (issuer, user_id, sector), UNIQUE (issuer, sub)
);
CREATE TABLE consents (
    issuer TEXT NOT NULL, user_id TEXT NOT NULL, client_id TEXT NOT NULL,
    version BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (issuer, user_id, client_id)
);

-- ended_ms, ended_why and version are the truth; those in `body` are as of the last whole write.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, secret BYTEA NOT NULL UNIQUE,
    expires_ms BIGINT NOT NULL, ended_ms BIGINT, ended_why TEXT,
    version BIGINT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_ms);
CREATE INDEX sessions_end ON sessions (ended_ms) WHERE ended_ms IS NOT NULL;
-- state and version are the truth, as above.
CREATE TABLE grants (
    id TEXT PRIMARY KEY, issuer TEXT NOT NULL, user_id TEXT NOT NULL, session_id TEXT NOT NULL,
    state TEXT NOT NULL, expires_ms BIGINT NOT NULL, version BIGINT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_user ON grants (user_id);
CREATE INDEX grants_expiry ON grants (expires_ms);

CREATE TABLE outbox (
    id TEXT PRIMARY KEY, state TEXT NOT NULL, due_ms BIGINT NOT NULL,
    lease_until_ms BIGINT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX outbox_due ON outbox (state, due_ms);

CREATE TABLE change_sets (id TEXT PRIMARY KEY, version BIGINT NOT NULL, body TEXT NOT NULL);
CREATE TABLE change_set_entries (
    change_set TEXT NOT NULL, place BIGINT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (change_set, place)
);

CREATE TABLE events (place {identity}, body TEXT NOT NULL, personal TEXT);
CREATE TABLE audit_blocks (
    number BIGINT PRIMARY KEY, first BIGINT NOT NULL, last BIGINT NOT NULL, body TEXT NOT NULL
);
