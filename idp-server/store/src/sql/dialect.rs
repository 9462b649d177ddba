//! The few words in which engines differ.

/// An engine's own words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// A column that numbers rows upwards and never gives a number twice.
    pub(crate) identity: &'static str,
    /// The function that tells where a text holds another: `f(text, part)`, 0 when it does not.
    pub(crate) position: &'static str,
    /// The type of a text, ordered by its UTF-8 bytes.
    pub(crate) text: &'static str,
    /// Follows a reading that chooses rows to be changed: leaves out those that another
    /// transaction changes right now.
    pub(crate) skip_locked: &'static str,
    /// Follows a reading of one row: the newest version of it, which nobody else may change until
    /// the transaction ends.
    pub(crate) locked: &'static str,
    /// 1 when no event can appear any more below the one in the row, else 0.
    pub(crate) settled: &'static str,
    /// Follows the definition of a table that rests in the order of its primary key.
    pub(crate) clustered: &'static str,
    /// The milliseconds since 1970 by the engine's own clock when the statement began, where nodes
    /// share an engine. A moment that is the same for the whole statement, so that indexes serve.
    pub(crate) clock: Option<&'static str>,
}

impl Dialect {
    /// A migration's text in the engine's own words.
    pub(crate) fn render(&self, text: &str) -> String {
        text.replace("{identity}", self.identity)
            .replace("{clustered}", self.clustered)
            .replace("TEXT", self.text)
    }

    /// The moment bound to `marker`, and no later than it is by the clock that all nodes share: a
    /// node whose own clock is fast neither removes what lives nor takes what another holds.
    pub(crate) fn no_later(&self, marker: &str) -> String {
        self.clock.map_or_else(
            || marker.to_owned(),
            |clock| format!("LEAST({marker}, {clock})"),
        )
    }
}

/// SQLite's.
pub(crate) const SQLITE: Dialect = Dialect {
    identity: "INTEGER PRIMARY KEY AUTOINCREMENT",
    position: "instr",
    text: "TEXT",
    skip_locked: "",
    locked: "",
    settled: "1",
    clustered: " WITHOUT ROWID",
    clock: None,
};

/// PostgreSQL's.
pub(crate) const POSTGRES: Dialect = Dialect {
    identity: "BIGINT PRIMARY KEY",
    position: "strpos",
    text: "TEXT COLLATE \"C\"",
    skip_locked: " FOR UPDATE SKIP LOCKED",
    locked: " FOR UPDATE",
    settled: SETTLED,
    clustered: "",
    clock: Some("FLOOR(EXTRACT(EPOCH FROM statement_timestamp()) * 1000)::bigint"),
};

/// Below the oldest transaction that the snapshot sees running, transactions of other databases
/// of the server apart: those never write here, and may run for hours. One that has ended since
/// the snapshot is in no list any more and counts as one of this database.
const SETTLED: &str = "CASE WHEN place < (SELECT shift FROM event_places) + (COALESCE( \
     (SELECT MIN(x.id) FROM (SELECT x::text::bigint AS id \
     FROM pg_snapshot_xip(pg_current_snapshot()) AS x) AS x WHERE NOT EXISTS \
     (SELECT 1 FROM pg_stat_activity a JOIN pg_database d ON d.oid = a.datid \
     WHERE d.datname <> current_database() \
     AND a.backend_xid::text::bigint = (x.id & 4294967295))), \
     pg_snapshot_xmax(pg_current_snapshot())::text::bigint) << 20) THEN 1 ELSE 0 END";
