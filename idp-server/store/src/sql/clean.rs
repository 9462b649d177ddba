//! Housekeeping: what is over and may go.

/// Each with `$1` the time before which it must have been over, and `$2` how many rows at most.
/// A revoked grant goes when it would have ended anyway: until then it is the proof that a
/// replayed code or refresh token was answered before.
pub(super) const TEXTS: [&str; 5] = [
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ended_ms < $1 LIMIT $2) \
     RETURNING 1",
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_ms < $1 LIMIT $2) \
     RETURNING 1",
    "DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_ms < $1 LIMIT $2) \
     RETURNING 1",
    "DELETE FROM credentials \
     WHERE id IN (SELECT id FROM credentials WHERE expires_ms < $1 LIMIT $2) RETURNING 1",
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox \
     WHERE state <> 'pending' AND due_ms < $1 LIMIT $2) RETURNING 1",
];
