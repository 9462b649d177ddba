//! Housekeeping: what is over and may go.

use super::dialect::Dialect;

/// Each with `$1` the time before which it must have been over, and `$2` how many rows at most.
/// A revoked grant goes when it would have ended anyway: until then it is the proof that a
/// replayed code or refresh token was answered before.
pub(super) fn texts(dialect: Dialect) -> [String; 6] {
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
        by("certificate_status", "key", &format!("until_ms < {before}")),
    ]
}

/// The settings that keep a picture which no client shows. A client that shows one names its digest
/// in its body; what stands behind the prefix of 12 letters is the digest.
macro_rules! unused_logo {
    () => {
        "name LIKE 'client_logo/%' AND NOT EXISTS (SELECT 1 FROM clients \
         WHERE clients.body LIKE '%\"logo\":\"' || substr(settings.name, 13) || '\"%')"
    };
}

/// All of them.
pub(super) const UNUSED_LOGOS: &str = concat!(
    "SELECT name FROM settings WHERE ",
    unused_logo!(),
    " ORDER BY name LIMIT 1000"
);

/// One of them, unless it is used again.
pub(super) const FORGET_LOGO: &str = concat!(
    "DELETE FROM settings WHERE name = $1 AND ",
    unused_logo!(),
    " RETURNING 1"
);

/// Looks at each row again when it is removed, for it may have been renewed since it was found.
/// The sign keeps the engine from finding all rows a second time by the same index.
fn by(table: &str, key: &str, over: &str) -> String {
    format!(
        "DELETE FROM {table} WHERE +{over} \
         AND {key} IN (SELECT {key} FROM {table} WHERE {over} LIMIT $2) RETURNING 1"
    )
}

fn text(table: &str, over: &str) -> String {
    by(table, "id", over)
}
