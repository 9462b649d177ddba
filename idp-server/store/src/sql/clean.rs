//! Housekeeping: what is over and may go.

use super::dialect::Dialect;

/// Each with `$1` the time before which it must have been over, and `$2` how many rows at most.
/// A revoked grant goes when it would have ended anyway: until then it is the proof that a
/// replayed code or refresh token was answered before.
pub(super) fn texts(dialect: Dialect) -> [String; 5] {
    let before = dialect.no_later("$1");
    let (ended, expired) = (
        format!("ended_ms < {before}"),
        format!("expires_ms < {before}"),
    );
    [
        text("sessions", &ended),
        text("sessions", &expired),
        text("grants", &expired),
        text("credentials", &expired),
        text(
            "outbox",
            &format!("due_ms < {before} AND state <> 'pending'"),
        ),
    ]
}

/// Looks at each row again when it is removed, for it may have been renewed since it was found.
/// The sign keeps the engine from finding all rows a second time by the same index.
fn text(table: &str, over: &str) -> String {
    format!(
        "DELETE FROM {table} WHERE +{over} \
         AND id IN (SELECT id FROM {table} WHERE {over} LIMIT $2) RETURNING 1"
    )
}
