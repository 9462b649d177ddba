-- What only PostgreSQL needs, with the first migration.

-- Added to every event's place; see docs/decisions on the order of audit events.
CREATE TABLE event_places (shift BIGINT NOT NULL);
INSERT INTO event_places (shift) VALUES (0);

-- How often something was changed that nodes may hold in memory: behind the notifications, which
-- may be lost with a connection.
CREATE TABLE change_counts (name TEXT PRIMARY KEY, count BIGINT NOT NULL);

-- Tickets are written, changed once and removed: room on each page keeps the change on it (no
-- index is touched), and the clean-up follows closely.
ALTER TABLE tickets SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE counters SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE grants SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE sessions SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
